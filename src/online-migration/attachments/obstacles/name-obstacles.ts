import { escapeIdentifier } from 'pg';
import type { Numbering } from '../numbering.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import { type ChangedColumn, changedColumnsOf, keyColumnsOf } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { unquoted } from '../../sync/filled-column.ts';
import { changeNamesOf, MAX_IDENTIFIER_BYTES, namesOf, newColumnIndexName } from '../../change/names.ts';
import type { Attachments } from '../attachments.ts';
import { type NotNull, readNotNull } from '../not-null-name.ts';
import { columnAt, mirrorName } from '../table-column.ts';

/** Finds names that the change needs and that are already taken, an obstacle each. */
export async function nameObstacles(
  database: Queryable,
  change: ColumnChange,
  { indexes, checks, foreignKeys }: Attachments,
  numberings: readonly Numbering[],
): Promise<Obstacle[]> {
  const { table } = changeNamesOf(change);
  const { schema, name } = change.table;
  const columns = changedColumnsOf(change);
  const relations = [
    ...indexes.map((index) => `${index.schema}.${escapeIdentifier(mirrorName(index.name))}`),
    ...numberings
      .filter(({ identity }) => identity !== null)
      .map((one) => `${escapeIdentifier(one.schema)}.${escapeIdentifier(mirrorName(one.name))}`),
    ...columns
      .filter(({ index }) => index)
      .map((column) => `${escapeIdentifier(schema)}.${escapeIdentifier(newColumnIndexName(column, name))}`),
  ];
  const notNulls: NotNull[] = [];
  for (const column of columns) {
    const notNull = await readNotNull(database, columnAt(column, 'old'));
    if (notNull !== null) notNulls.push(notNull);
  }
  const ownChecks = columns.flatMap((column) => {
    const { filledCheck, enforcedCheck, fillingCheck } = namesOf(column);
    return [filledCheck, enforcedCheck, fillingCheck].map(unquoted);
  });
  const constraints = [
    ...notNulls.map((notNull) => ({ owner: table, name: mirrorName(notNull.name) })),
    ...checks.map((check) => ({ owner: table, name: mirrorName(check.name) })),
    ...foreignKeys.map((key) => ({ owner: key.owner, name: mirrorName(key.name) })),
    ...ownChecks.map((check) => ({ owner: table, name: check })),
  ];
  const { rows } = await database.query<{ taken: string }>(
    `
    select to_regclass(name)::text as taken from unnest($1::text[]) as name where to_regclass(name) is not null
    union all
    select format('the constraint %I of %s', wanted.name, to_regclass(wanted.owner))
    from jsonb_to_recordset($2::jsonb) as wanted (owner text, name text)
    where exists (
      select from pg_catalog.pg_constraint c
      where c.conrelid = to_regclass(wanted.owner) and c.conname = wanted.name
    )`,
    [relations, JSON.stringify(constraints)],
  );
  return rows.map(({ taken }) =>
    obstacle(
      'NAME_TAKEN',
      `There is ${taken} already, and the change needs that name: rename the existing object.`,
      { taken },
    ),
  );
}

/**
 * Finds declared names that PostgreSQL would truncate, an obstacle each. Some statements would find the object under the
 * truncated name, and comparisons with the catalog would not.
 */
export function longNameObstacles(change: ChangedColumn): Obstacle[] {
  const { table, oldColumn, newColumn } = change;
  const declared: [property: string, name: string][] = [
    ['table.schema', table.schema],
    ['table.name', table.name],
    ['from.name', oldColumn.name],
    ['to.name', newColumn.name],
    ...keyColumnsOf(change).map((name): [string, string] => ['key', name]),
  ];
  return declared
    .filter(([, name]) => Buffer.byteLength(name) > MAX_IDENTIFIER_BYTES)
    .map(([property, name]) =>
      obstacle(
        'NAME_TOO_LONG',
        property === 'to.name'
          ? `${name} is longer than the ${MAX_IDENTIFIER_BYTES} bytes that PostgreSQL takes: declare a shorter \`to.name\`.`
          : `${name} is longer than the ${MAX_IDENTIFIER_BYTES} bytes that PostgreSQL takes: declare \`${property}\` as it is in ` +
              `the catalog.`,
        { property, name, maxBytes: MAX_IDENTIFIER_BYTES },
      ),
    );
}
