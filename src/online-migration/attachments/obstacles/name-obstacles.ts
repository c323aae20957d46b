import { escapeIdentifier } from 'pg';
import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import { type ChangedColumn, keyColumnsOf } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { unquoted } from '../../sync/filled-column.ts';
import { MAX_IDENTIFIER_BYTES, namesOf, newColumnIndexName } from '../../change/names.ts';
import type { Attachments } from '../attachments.ts';
import { readNotNull } from '../not-null-name.ts';
import { columnAt, mirrorName } from '../table-column.ts';

/** Finds names that the change needs and that are already taken, an obstacle each. */
export async function nameObstacles(
  database: Queryable,
  change: ChangedColumn,
  { indexes, checks, foreignKeys, numbering }: Attachments,
): Promise<Obstacle[]> {
  const { table, filledCheck, enforcedCheck, fillingCheck } = namesOf(change);
  const { schema, name } = change.table;
  const relations = [
    ...indexes.map((index) => `${index.schema}.${escapeIdentifier(mirrorName(index.name))}`),
    ...(numbering?.identity
      ? [`${escapeIdentifier(numbering.schema)}.${escapeIdentifier(mirrorName(numbering.name))}`]
      : []),
    ...(change.index
      ? [`${escapeIdentifier(schema)}.${escapeIdentifier(newColumnIndexName(change, name))}`]
      : []),
  ];
  const notNull = await readNotNull(database, columnAt(change, 'old'));
  const constraints = [
    ...(notNull === null ? [] : [{ owner: table, name: mirrorName(notNull.name) }]),
    ...checks.map((check) => ({ owner: table, name: mirrorName(check.name) })),
    ...foreignKeys.map((key) => ({ owner: key.owner, name: mirrorName(key.name) })),
    ...[filledCheck, enforcedCheck, fillingCheck].map((check) => ({ owner: table, name: unquoted(check) })),
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
