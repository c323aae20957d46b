import { escapeIdentifier } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import type { ForeignKey, ForeignKeyPart } from './foreign-keys.ts';
import { mirrorName } from './table-column.ts';

/** The copy of a foreign key on one leaf of its partitioned table, before the copy of the table has taken it over. */
export interface ForeignKeyPiece {
  /** The original's part. */
  readonly part: ForeignKeyPart;
  readonly state: 'missing' | 'invalid' | 'valid';
}

/**
 * Reads the copies of a foreign key on the leaves of its partitioned table.
 * @param key the original
 */
export async function readPieces(database: Queryable, key: ForeignKey): Promise<ForeignKeyPiece[]> {
  const leaves = key.parts.filter(({ isLeaf, target }) => isLeaf && target === key.target);
  const { rows } = await database.query<{ table: string; valid: boolean }>(
    `
    select wanted.table, con.convalidated as valid
    from jsonb_to_recordset($1::jsonb) as wanted ("table" text, name text)
    join pg_catalog.pg_constraint con
      on con.conrelid = to_regclass(wanted.table) and con.conname = wanted.name and con.contype = 'f' and con.conparentid = 0`,
    [JSON.stringify(leaves.map(({ table, name }) => ({ table, name: mirrorName(name) })))],
  );
  return leaves.map((part) => {
    const found = rows.find(({ table }) => table === part.table);
    return { part, state: found === undefined ? 'missing' : found.valid ? 'valid' : 'invalid' };
  });
}

/** The statements that drop them: those of a run that was killed. */
export async function dropPieces(database: Queryable, key: ForeignKey): Promise<string[]> {
  const pieces = key.isPartitioned ? await readPieces(database, key) : [];
  return pieces.flatMap(({ part, state }) =>
    state === 'missing'
      ? []
      : [`alter table ${part.table} drop constraint if exists ${escapeIdentifier(mirrorName(part.name))}`],
  );
}
