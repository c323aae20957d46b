import { LEAF_OIDS } from '../../postgres/partition-tree.ts';
import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { namesOf } from '../../change/names.ts';

/**
 * Finds tables whose row level security can hide rows from the migrating role, an obstacle each. The package's
 * sessions run with `row_security = off`, so reading such a table is an error, and no row is missed silently.
 */
export async function rowSecurityObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const { rows } = await database.query<Record<'name' | 'role', string> & { is_owner: boolean }>(
    `
    select format('%I.%I', n.nspname, c.relname) as name, quote_ident(current_user) as role,
      pg_has_role(current_user, c.relowner, 'usage') as is_owner
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where (c.oid = to_regclass($1) or c.oid in (${LEAF_OIDS})) and row_security_active(c.oid)
    order by 1`,
    [namesOf(change).table],
  );
  return rows.map(({ name, role, is_owner: isOwner }) =>
    obstacle(
      'ROWS_HIDDEN',
      `Row level security can hide rows of ${name} from ${role}, and those could not be converted: ` +
        `\`alter role ${role} bypassrls\`, ` +
        (isOwner ? `or \`alter table ${name} no force row level security\`, ` : '') +
        `or connect as a role that bypasses it.`,
      { table: name, role },
    ),
  );
}
