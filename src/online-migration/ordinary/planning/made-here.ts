import type { RangeVar } from 'libpg-query';
import { asKind, type Statement } from '../../sql/statements.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { nameOf } from './relation-names.ts';

/** The tables that earlier statements of a migration make. Nobody else uses them yet. */
export class MadeHere {
  readonly #tables = new Set<string>();

  /** Notes the table that a statement makes, unless it exists already: `create table if not exists`. */
  async note({ tree }: Statement, database: Queryable): Promise<void> {
    const created = asKind(tree, 'CreateStmt')?.relation ?? asKind(tree, 'CreateTableAsStmt')?.into?.rel;
    if (created !== undefined && !(await exists(database, created))) this.#tables.add(nameOf(created));
    const renamed = asKind(tree, 'RenameStmt');
    if (
      renamed?.renameType === 'OBJECT_TABLE' &&
      renamed.relation !== undefined &&
      this.has(renamed.relation)
    ) {
      this.#tables.add(nameOf({ ...renamed.relation, relname: renamed.newname! }));
    }
  }

  /** Whether an earlier statement makes the table. */
  has(relation: RangeVar): boolean {
    return this.#tables.has(nameOf(relation));
  }
}

async function exists(database: Queryable, relation: RangeVar): Promise<boolean> {
  const { rows } = await database.query<{ found: boolean }>(`select to_regclass($1) is not null as found`, [
    nameOf(relation),
  ]);
  return rows[0]!.found;
}
