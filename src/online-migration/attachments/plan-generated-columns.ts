import { escapeLiteral } from 'pg';
import { hasWayBack } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';
import { EMPTY_PLAN, type LockedPlan } from '../postgres/exclusive-lock.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { recordDefinitionsStatement } from '../state/definitions.ts';
import { recordUnvalidatedStatement } from '../state/unvalidated.ts';
import type { Side } from '../sync/filled-column.ts';
import {
  expressionStatement,
  type GeneratedColumn,
  isCarried,
  readGeneratedColumns,
} from './generated-columns.ts';
import { publishStatement, readPublishedTables, withdrawStatement } from './published-tables.ts';
import {
  bringBackStatements,
  readConstraintsToSetAside,
  setAsideStatement,
} from './set-aside-constraints.ts';
import { columnsAt } from './table-column.ts';
import { definitionOf, NOTHING_DEFINED } from './translated.ts';
import { translate } from './translation.ts';

/**
 * Plans how the virtual columns of one side use the columns of the other side. They stay the same columns, with everything
 * that depends on them. All statements only change the catalog. A column whose expression does not fit the other type stays.
 *
 * 1. Set the constraints aside with which PostgreSQL does not change an expression, and take the table out of the publications
 *    that list it: PostgreSQL refuses a published table too.
 * 2. Give each column its other expression.
 * 3. Bring the constraints back as NOT VALID, and record those that have to be validated. Publish the table again.
 * 4. For a change that has a way back, record the expressions for both sides.
 *
 * @param from the side that the columns use
 */
export async function planGeneratedColumns(
  database: Queryable,
  change: ColumnChange,
  from: Side,
): Promise<LockedPlan> {
  const { table } = changeNamesOf(change);
  const columns = (await readGeneratedColumns(database, columnsAt(change, from))).filter(isCarried);
  if (columns.length === 0) return EMPTY_PLAN;
  const { generated } = await translate(database, change, from, { ...NOTHING_DEFINED, generated: columns });
  const moved = columns.flatMap((column) => {
    const expression = definitionOf(generated, column.name);
    return expression === undefined ? [] : [{ column, expression }];
  });
  if (moved.length === 0) return EMPTY_PLAN;
  const published = await readPublishedTables(database, table);
  const names = moved.map(({ column }) => column.name);
  const constraints = await readConstraintsToSetAside(database, table, names);
  return {
    statements: [
      ...published.map((one) => withdrawStatement(one)),
      ...constraints.map((one) => setAsideStatement(one)),
      ...moved.map(({ column, expression }) => expressionStatement(table, column.name, expression)),
      ...constraints.flatMap((one) => bringBackStatements(one)),
      ...constraints
        .filter(({ isValidated }) => isValidated)
        .map((one) => recordUnvalidatedStatement(change, one)),
      ...published.map((one) => publishStatement(one)),
      ...(from === 'old' && hasWayBack(change)
        ? [
            recordOriginalsStatement(
              change,
              moved.map(({ column }) => column),
            ),
          ]
        : []),
    ],
    furtherTables: [],
  };
}

/** Runs when the columns use the new ones. */
function recordOriginalsStatement(change: ColumnChange, columns: readonly GeneratedColumn[]): string {
  const originals = JSON.stringify(columns.map(({ name, expression }) => ({ name, expression })));
  return recordDefinitionsStatement(
    change,
    'generated',
    `
      select wanted.name, wanted.expression, pg_get_expr(x.adbin, x.adrelid)
      from jsonb_to_recordset(${escapeLiteral(originals)}::jsonb) as wanted (name text, expression text)
      join pg_catalog.pg_attribute a
        on a.attrelid = to_regclass(${escapeLiteral(changeNamesOf(change).table)}) and a.attname = wanted.name
      join pg_catalog.pg_attrdef x on x.adrelid = a.attrelid and x.adnum = a.attnum`,
  );
}
