import { escapeIdentifier } from 'pg';
import type { ColumnChange } from '../../change/column-change.ts';
import { changeNamesOf } from '../../change/names.ts';
import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import { otherSide, type Side } from '../../sync/filled-column.ts';
import type { GeneratedColumn } from '../generated-columns.ts';
import { columnsAt, typesAt } from '../table-column.ts';
import { reasonOf, type Translations } from '../translated.ts';

/** Finds generated columns that use a column of one side and cannot use one of the other side, an obstacle each. */
export function generatedObstacles(
  change: ColumnChange,
  side: Side,
  columns: readonly GeneratedColumn[],
  translations: Translations['generated'],
): Obstacle[] {
  return columns.flatMap((column) => {
    if (column.isStored) return [stored(change, side, column)];
    return [
      ...differing(change, column),
      ...listed(change, column),
      ...notFitting(change, side, column, reasonOf(translations, column.name)),
    ];
  });
}

function stored(change: ColumnChange, side: Side, { name, type, expression }: GeneratedColumn): Obstacle {
  const { table } = changeNamesOf(change);
  const { columns: used } = columnsAt(change, side);
  const { columns: others } = columnsAt(change, otherSide(side));
  const column = escapeIdentifier(name);
  const drop = `alter table ${table} alter column ${column} drop expression`;
  const bringBack = `alter table ${table} drop column ${column}, add column ${column} ${type} generated always as ${expression} stored`;
  return obstacle(
    'GENERATED_COLUMN_STORED',
    `The generated column ${name} is stored, as ${expression}, and PostgreSQL rewrites the table under ACCESS EXCLUSIVE to let it use ` +
      `another column. Make it a plain column, which rewrites nothing and keeps its values: \`${drop}\`. In the same transaction, create ` +
      `a trigger that fills it from ${used.join(', ')} or ${others.join(', ')}, whichever a statement writes. After the change, only ` +
      `\`${bringBack}\` makes it generated again. That rewrites the table under ACCESS EXCLUSIVE, and drops the column's indexes, ` +
      `constraints and privileges: on a large table, keep the trigger.`,
    { table, column: name, expression, statement: drop, bringBack },
  );
}

function differing(change: ColumnChange, { name, differsIn }: GeneratedColumn): Obstacle[] {
  const { table } = changeNamesOf(change);
  return differsIn.map((partition) =>
    obstacle(
      'PARTITION_DIFFERS',
      `${name} has an expression of its own in the partition ${partition}: make the partition as its table is.`,
      { table, partition, column: name, property: 'an expression' },
    ),
  );
}

/** PostgreSQL lets the trigger fire for statements that write a column of the expression. */
function listed(change: ColumnChange, { name, listedBy }: GeneratedColumn): Obstacle[] {
  const { table } = changeNamesOf(change);
  return listedBy.map((trigger) =>
    obstacle(
      'GENERATED_COLUMN_NOT_CARRIED',
      `The trigger ${trigger} of ${table} lists the generated column ${name}, so it would not fire for each statement while both ` +
        `columns exist: let it list no column, and compare the values in its function.`,
      { table, column: name, trigger },
    ),
  );
}

function notFitting(
  change: ColumnChange,
  side: Side,
  { name, expression }: GeneratedColumn,
  reason: string | null,
): Obstacle[] {
  if (reason === null) return [];
  const type = typesAt(change, otherSide(side));
  return [
    obstacle(
      'GENERATED_COLUMN_NOT_CARRIED',
      `The expression of the generated column ${name}, ${expression}, does not fit ${type}: ${reason}. Declare its expression for ` +
        `both types, under this name, in \`from.generated\` and \`to.generated\`.`,
      { table: changeNamesOf(change).table, column: name, expression, type, reason },
    ),
  ];
}
