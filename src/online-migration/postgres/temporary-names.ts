import { escapeIdentifier } from 'pg';
import type { Queryable } from './queryable.ts';

/** The words of `drop`, by `relkind`. */
const KINDS: Readonly<Record<string, string>> = {
  r: 'table',
  p: 'table',
  v: 'view',
  S: 'sequence',
  i: 'index',
  I: 'index',
  c: 'type',
};

/**
 * Drops the temporary relations of the session that have one of these names. A session behind a pooler, or one that a
 * program hands over, may have some. The caller rolls that back.
 * @param names unquoted
 */
export async function freeTemporaryNames(database: Queryable, names: readonly string[]): Promise<void> {
  const { rows } = await database.query<{ name: string; kind: string }>(
    `
    select relname as name, relkind as kind from pg_catalog.pg_class
    where relnamespace = pg_my_temp_schema() and relname = any ($1)`,
    [names],
  );
  for (const { name, kind } of rows) {
    await database.query(
      `drop ${KINDS[kind] ?? 'table'} if exists pg_temp.${escapeIdentifier(name)} cascade`,
    );
  }
}
