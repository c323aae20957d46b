import type { Queryable } from '../../postgres/queryable.ts';
import { PACKAGE_SCHEMA } from '../../change/names.ts';
import { LEAF_OIDS } from '../../postgres/partition-tree.ts';

/** A trigger of the table, except the package's own, that an update of some columns can fire. */
export interface FiringTrigger {
  /** Quoted. */
  readonly name: string;
  /** As in the catalog. */
  readonly rawName: string;
  /** Schema and name, quoted, of the table that it was created on: the table itself, or a partition. */
  readonly table: string;
  /** Its function: `public.audit()`. */
  readonly calledFunction: string;
  readonly isPerRow: boolean;
  readonly isBefore: boolean;
  /** Whether it has a `when` condition, which may be true or false. */
  readonly hasCondition: boolean;
  /** Whether it fires in an ordinary session. */
  readonly firesInOrigin: boolean;
  /** Whether it fires with `session_replication_role = replica`. */
  readonly firesInReplica: boolean;
}

/**
 * Finds the triggers that an update of some columns fires, including those of partitions, because a backfill updates
 * each partition directly.
 * @param table schema and name, quoted
 * @param columns as in the catalog, unquoted; they need not exist yet
 */
export async function findTriggers(
  database: Queryable,
  table: string,
  columns: readonly string[],
): Promise<FiringTrigger[]> {
  // A trigger of a partition may be marked as internal although a person created it. A trigger of a constraint
  // belongs to the constraint.
  const { rows } = await database.query<FiringTrigger>(
    `
    with recursive leaf as (${LEAF_OIDS}
    ), origin as (
      -- A partition has a copy of each row trigger of its table.
      select g.oid, g.tgrelid, g.tgparentid, g.oid as leaf_trigger from leaf join pg_catalog.pg_trigger g on g.tgrelid = leaf.oid
      union all
      select g.oid, g.tgrelid, g.tgparentid, origin.leaf_trigger
      from origin
      join pg_catalog.pg_trigger g on g.oid = origin.tgparentid
    )
    select g.tgname as "rawName", quote_ident(g.tgname) as name, format('%I.%I', n.nspname, c.relname) as "table",
      format('%I.%I()', pn.nspname, p.proname) as "calledFunction",
      g.tgtype & 1 <> 0 as "isPerRow", g.tgtype & 2 <> 0 as "isBefore",
      bool_or(g.tgqual is not null) as "hasCondition",
      bool_or(g.tgenabled in ('O', 'A')) as "firesInOrigin",
      bool_or(g.tgenabled in ('A', 'R')) as "firesInReplica"
    from origin
    join pg_catalog.pg_trigger g on g.oid = origin.leaf_trigger
    join pg_catalog.pg_class c on c.oid = origin.tgrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_proc p on p.oid = g.tgfoid
    join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
    where origin.tgparentid = 0 and g.tgtype & 16 <> 0 and g.tgenabled <> 'D' and pn.nspname <> $3
      and not exists (
        select from pg_catalog.pg_constraint k where k.oid = g.tgconstraint and k.contype <> 't'
      )
      and (
        coalesce(array_length(g.tgattr, 1), 0) = 0
        or exists (
          select from pg_catalog.pg_attribute a
          where a.attrelid = g.tgrelid and a.attnum = any (g.tgattr) and a.attname = any ($2)
        )
      )
    group by origin.oid, g.tgname, n.nspname, c.relname, pn.nspname, p.proname, g.tgtype & 1, g.tgtype & 2
    order by g.tgname, n.nspname, c.relname`,
    [table, columns, PACKAGE_SCHEMA],
  );
  return rows;
}

/**
 * Finds the constraints of some columns that `session_replication_role = replica` leaves unchecked: foreign keys and
 * deferrable constraints.
 * @param table schema and name, quoted
 * @param columns as in the catalog, unquoted; they need not exist yet
 * @returns their names, quoted
 */
export async function findUncheckedConstraints(
  database: Queryable,
  table: string,
  columns: readonly string[],
): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `
    with leaf as (${LEAF_OIDS})
    select distinct quote_ident(k.conname) as name
    from leaf
    join pg_catalog.pg_attribute a on a.attrelid = leaf.oid and a.attname = any ($2)
    join pg_catalog.pg_constraint k on
      k.conrelid = leaf.oid and a.attnum = any (k.conkey) and (k.contype = 'f' or k.condeferrable)
      or k.confrelid = leaf.oid and a.attnum = any (k.confkey)
    order by name`,
    [table, columns],
  );
  return rows.map(({ name }) => name);
}

/** Whether a role may set `session_replication_role`. */
export interface RightToSilence {
  readonly isGranted: boolean;
  /** The role, quoted. */
  readonly role: string;
  /** Whether the server has a privilege to set one parameter: from PostgreSQL 15 on. */
  readonly isGrantable: boolean;
}

/** Reads whether this session's role may set `session_replication_role`. */
export async function readRightToSilence(database: Queryable): Promise<RightToSilence> {
  const { rows } = await database.query<RightToSilence>(`
    select rolsuper as "isGranted", quote_ident(rolname) as role,
      current_setting('server_version_num')::int >= 150000 as "isGrantable"
    from pg_catalog.pg_roles
    where rolname = current_user`);
  const right = rows[0]!;
  if (!right.isGrantable) return right;
  // A separate statement, because earlier servers do not have the function.
  const granted = await database.query<{ granted: boolean }>(
    `select has_parameter_privilege('session_replication_role', 'set') as granted`,
  );
  return { ...right, isGranted: granted.rows[0]!.granted };
}
