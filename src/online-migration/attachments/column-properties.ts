import { escapeLiteral } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import type { TableColumn } from './table-column.ts';

/** Further properties of a column, which would be lost with it. */
export interface ColumnProperties {
  readonly comment: string | null;
  /** Its statistics target; null for the default. */
  readonly statistics: number | null;
  /** Its options for the number of distinct values, in the syntax of `set (…)`; null for none. */
  readonly options: string | null;
  /** Privileges on this column alone. */
  readonly privileges: readonly Privilege[];
}

/** A privilege on a column. */
interface Privilege {
  /** `SELECT`, `UPDATE`, … */
  readonly privilege: string;
  /** The role, quoted, or `public`. */
  readonly grantee: string;
  readonly isGrantable: boolean;
}

/** Reads a column's comment, its statistics target, its options and its privileges. */
export async function readColumnProperties(
  database: Queryable,
  { table, column }: TableColumn,
): Promise<ColumnProperties> {
  const { rows } = await database.query<ColumnProperties>(
    `
    select col_description(attrelid, attnum) as comment, nullif(attstattarget, -1)::integer as statistics,
      array_to_string(attoptions, ', ') as options, array(
        select jsonb_build_object(
          'privilege', acl.privilege_type,
          'grantee', case acl.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end,
          'isGrantable', acl.is_grantable
        )
        from aclexplode(attacl) as acl
      ) as privileges
    from pg_catalog.pg_attribute
    where attrelid = to_regclass($1) and attname = $2`,
    [table, column],
  );
  return rows[0] ?? { comment: null, statistics: null, options: null, privileges: [] };
}

/**
 * Statements that copy properties to another column. The table must be locked.
 * @param column quoted
 */
export function propertyStatements(
  { comment, statistics, options, privileges }: ColumnProperties,
  table: string,
  column: string,
): string[] {
  return [
    ...(comment === null ? [] : [`comment on column ${table}.${column} is ${escapeLiteral(comment)}`]),
    ...(statistics === null
      ? []
      : [`alter table ${table} alter column ${column} set statistics ${statistics}`]),
    ...(options === null ? [] : [`alter table ${table} alter column ${column} set (${options})`]),
    ...privilegeStatements(privileges, table, column),
  ];
}

/**
 * Statements that grant privileges on another column.
 * @param column quoted
 */
export function privilegeStatements(
  privileges: readonly Privilege[],
  table: string,
  column: string,
): string[] {
  return privileges.map(
    ({ privilege, grantee, isGrantable }) =>
      `grant ${privilege.toLowerCase()} (${column}) on ${table} to ${grantee}${isGrantable ? ' with grant option' : ''}`,
  );
}
