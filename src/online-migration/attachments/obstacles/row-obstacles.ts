import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { changeNamesOf, namesOf } from '../../change/names.ts';
import { ROW_TYPE_OIDS, TREE_OIDS, LEAF_OIDS } from '../../postgres/partition-tree.ts';

/** Finds columns and types elsewhere that store rows of the table, and the type of a typed table, an obstacle each. */
export async function rowTypeObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const { table, oldColumn } = namesOf(change);
  const { rows } = await database.query<Record<'place' | 'type', string> & { is_typed_table: boolean }>(
    `
    with row_type as (${ROW_TYPE_OIDS}
    )
    select format('The column %I of %s', a.attname, c.oid::regclass) as place,
      format_type(a.atttypid, null) as type, false as is_typed_table
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    where a.atttypid in (select oid from row_type) and a.attnum > 0 and not a.attisdropped
      and c.relkind in ('r', 'p', 'm', 'f', 'c')
    union all
    select format('The domain %s', t.oid::regtype), format_type(t.typbasetype, null), false
    from pg_catalog.pg_type t
    where t.typtype = 'd' and t.typbasetype in (select oid from row_type)
    union all
    select format('The range type %s', r.rngtypid::regtype), format_type(r.rngsubtype, null), false
    from pg_catalog.pg_range r
    where r.rngsubtype in (select oid from row_type)
    union all
    select c.oid::regclass::text, c.reloftype::regtype::text, true
    from pg_catalog.pg_class c
    where c.oid in (${TREE_OIDS}) and c.reloftype <> 0
    order by 1`,
    [table],
  );
  return rows.map(({ place, type, is_typed_table: isTypedTable }) =>
    isTypedTable
      ? obstacle(
          'TYPED_TABLE',
          `${place} is a typed table and has the columns of ${type} alone: \`alter table ${place} not of\`.`,
          { table: place, type },
        )
      : obstacle(
          'ROWS_STORED_ELSEWHERE',
          `${place} is of the type ${type}, the table's rows: dropping ${oldColumn} would take its value from the rows that are ` +
            `stored there. Store the columns one by one instead, and drop it.`,
          { place, type },
        ),
  );
}

/**
 * Finds tables whose row level security can hide rows from the migrating role, an obstacle each. The package's
 * sessions run with `row_security = off`, so reading one of these tables is an error, and no row is missed silently.
 */
export async function rowSecurityObstacles(database: Queryable, change: ColumnChange): Promise<Obstacle[]> {
  const { rows } = await database.query<Record<'name' | 'role', string> & { is_owner: boolean }>(
    `
    select format('%I.%I', n.nspname, c.relname) as name, quote_ident(current_user) as role,
      pg_has_role(current_user, c.relowner, 'usage') as is_owner
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where (c.oid = to_regclass($1) or c.oid in (${LEAF_OIDS})) and row_security_active(c.oid)
    order by 1`,
    [changeNamesOf(change).table],
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
