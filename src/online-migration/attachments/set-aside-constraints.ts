import { escapeIdentifier, escapeLiteral } from 'pg';
import { TREE_OIDS } from '../postgres/partition-tree.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { withoutNotValid } from './checks.ts';

/*
 * PostgreSQL 18 does not change the expression of a virtual column while its table has a check, and reads the whole table
 * under the lock if the column is NOT NULL. So these constraints are dropped and added again as NOT VALID in one transaction,
 * which applies them to each write and reads no row. They are validated later, beside reads and writes.
 */

/** A constraint that is dropped for the time of a transaction. */
export interface SetAsideConstraint {
  /** Its table or partition: schema and name, quoted. */
  readonly owner: string;
  /** Its name in the catalog. */
  readonly name: string;
  /** Its definition, as in the catalog: `CHECK ((size > 0)) NO INHERIT`. */
  readonly definition: string;
  readonly isValidated: boolean;
  readonly comment: string | null;
}

/**
 * Reads all checks of a table and its partitions, and the NOT NULL constraints of some columns. A constraint that a partition
 * has from its table goes and comes with that one.
 */
export async function readConstraintsToSetAside(
  database: Queryable,
  table: string,
  columns: readonly string[],
): Promise<SetAsideConstraint[]> {
  const { rows } = await database.query<SetAsideConstraint>(
    `
    select format('%I.%I', n.nspname, c.relname) as owner, con.conname as name, pg_get_constraintdef(con.oid) as definition,
      con.convalidated as "isValidated", obj_description(con.oid, 'pg_constraint') as comment
    from pg_catalog.pg_constraint con
    join pg_catalog.pg_class c on c.oid = con.conrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where con.conrelid in (${TREE_OIDS}) and con.coninhcount = 0
      and (
        con.contype = 'c'
        or con.contype = 'n' and exists (
          select from pg_catalog.pg_attribute a
          where a.attrelid = con.conrelid and a.attnum = con.conkey[1] and a.attname = any ($2)
        )
      )
    order by con.conrelid <> to_regclass($1), owner, con.conname`,
    [table, columns],
  );
  return rows;
}

/** The statement that drops the constraint, and the constraints of partitions that come from it. */
export function setAsideStatement({ owner, name }: SetAsideConstraint): string {
  return `alter table ${owner} drop constraint ${escapeIdentifier(name)}`;
}

/** The statements that add the constraint again, without reading a row. */
export function bringBackStatements({ owner, name, definition, comment }: SetAsideConstraint): string[] {
  const added = withoutNotValid(definition);
  const quoted = escapeIdentifier(name);
  return [
    `alter table ${owner} add constraint ${quoted} ${added}${added.endsWith(' NOT ENFORCED') ? '' : ' not valid'}`,
    ...(comment === null ? [] : [`comment on constraint ${quoted} on ${owner} is ${escapeLiteral(comment)}`]),
  ];
}
