import { isRowError } from '../../backfill/batch/row-error.ts';
import { sqlState } from '../../postgres/database-error.ts';
import { TREE_OIDS } from '../../postgres/partition-tree.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { rolledBack } from '../../postgres/rolled-back.ts';
import { type TableFill, updateOf } from '../fill/table-fill.ts';
import type { FillProblem, PlannedFill } from '../planning/catalog.ts';
import { listOf, nameOf } from '../planning/relation-names.ts';
import type { TableFacts } from '../planning/table-facts.ts';
import { type Asked, onTrialTable } from './trial-table.ts';

/** Rows on which a fill is tried before anything runs. */
const SAMPLE_ROWS = 100;

/** Names that PostgreSQL does not find, because an earlier statement of the migration may make the object. */
const NOT_FOUND = new Set(['42P01', '42883', '42704', '3F000']);

/** Finds a reason against a fill in the catalog, in the rights of the role, and by a trial on a copy of some rows. */
export async function findFillProblem(asked: Asked, planned: PlannedFill): Promise<FillProblem | undefined> {
  const { database } = asked;
  const { table, fill, setsRole } = planned;
  return (
    (await problemOfTable(database, table, fill)) ??
    // With `set role`, another role fills.
    (setsRole ? undefined : await problemOfRights(database, table, fill)) ??
    (await problemOfTrial(asked, planned)) ??
    (await problemOfRules(database, fill))
  );
}

function problem(reason: string, instead: string): FillProblem {
  return { reason, instead };
}

async function problemOfTable(
  database: Queryable,
  { inCatalog, name }: TableFacts,
  { set }: TableFill,
): Promise<FillProblem | undefined> {
  const { rows } = await database.query<{ children: boolean; foreign: string | null; keys: string[] }>(
    `
    with tree as (${TREE_OIDS})
    select
      exists (
        select from pg_catalog.pg_inherits i
        join tree on tree.oid = i.inhparent
        join pg_catalog.pg_class c on c.oid = i.inhrelid
        where not c.relispartition
      ) as children,
      (select format('%I.%I', n.nspname, c.relname) from tree join pg_catalog.pg_class c using (oid)
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind = 'f' limit 1) as foreign,
      array(
        select a.attname::text
        from tree
        join pg_catalog.pg_partitioned_table p on p.partrelid = tree.oid
        join pg_catalog.pg_attribute a on a.attrelid = tree.oid and not a.attisdropped
        where a.attname = any ($2) and (
          a.attnum = any (p.partattrs)
          -- An expression of the key has the column.
          or exists (
            select from pg_catalog.pg_depend d
            where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = tree.oid and d.objsubid = a.attnum
              and d.refclassid = d.classid and d.refobjid = tree.oid and d.refobjsubid = 0
          )
        )
      ) as keys`,
    [inCatalog, Object.keys(set)],
  );
  const { children, foreign, keys } = rows[0]!;
  if (children)
    return problem(`other tables inherit from ${name}`, 'fill each of the tables in a call of its own');
  if (foreign !== null)
    return problem(`the partition ${foreign} is a foreign table`, 'fill each of the other partitions');
  if (keys.length > 0)
    return problem(
      `${listOf(keys)} decides on the partition of a row`,
      'move the rows by `delete` and `insert` of your own, in batches',
    );
  return undefined;
}

async function problemOfRights(
  database: Queryable,
  { inCatalog, name }: TableFacts,
  { set }: TableFill,
): Promise<FillProblem | undefined> {
  const { rows } = await database.query<{ role: string; hidden: boolean; missing: boolean }>(
    `
    with tree as (${TREE_OIDS})
    select quote_ident(current_user) as role, bool_or(row_security_active(oid)) as hidden,
      bool_or(
        not has_table_privilege(oid, 'select')
        or (not has_table_privilege(oid, 'update') and exists (
          select from pg_catalog.pg_attribute a
          where a.attrelid = oid and a.attname = any ($2) and not has_column_privilege(oid, a.attnum, 'update')
        ))
      ) as missing
    from tree`,
    [inCatalog, Object.keys(set)],
  );
  const { role, hidden, missing } = rows[0]!;
  if (missing)
    return problem(
      `${role} may not read and update all of ${name}`,
      `run \`grant select, update on ${name} to ${role}\` as its owner, also on its partitions`,
    );
  if (hidden)
    return problem(
      `row level security hides rows of ${name} from ${role}, and they would not be filled`,
      'run the migration as a role with BYPASSRLS, or as the owner of a table without FORCE ROW LEVEL SECURITY',
    );
  return undefined;
}

/** Asks PostgreSQL on an empty copy of the table, and fills some of the rows there. */
async function problemOfTrial(
  asked: Asked,
  { fill, table, altered }: PlannedFill,
): Promise<FillProblem | undefined> {
  const { database } = asked;
  const options = { name: fill.table, including: 'including defaults including generated' };
  return onTrialTable(asked, altered, options, async (trial) => {
    const update = updateOf(fill, nameOf(trial));
    try {
      await database.query(`explain ${update}`);
    } catch (error) {
      if (altered.createsObjects && NOT_FOUND.has(sqlState(error) ?? '')) return undefined;
      return problem(`PostgreSQL does not accept it: ${(error as Error).message}`, 'correct the fill');
    }
    if (!(await copySample(database, table, nameOf(trial)))) return undefined;
    try {
      const { rows } = await database.query<{ is_open: boolean }>(update);
      if (rows.length === 0 || rows.some(({ is_open: isOpen }) => !isOpen)) return undefined;
      return problem(
        'a filled row still matches `where`, so that it would be filled again and again',
        'write a condition that is false for a filled row, such as `new_column is null` or `email is distinct from lower(email)`',
      );
    } catch (error) {
      // A row that cannot be filled is named when the fill runs.
      if (isRowError(error)) return undefined;
      throw error;
    }
  });
}

/** The empty copy has no rewrite rules. */
async function problemOfRules(database: Queryable, fill: TableFill): Promise<FillProblem | undefined> {
  try {
    await rolledBack(database, () => database.query(`explain ${updateOf(fill)}`));
  } catch (error) {
    if (sqlState(error) === '0A000') {
      return problem(
        `PostgreSQL does not accept it: ${(error as Error).message}`,
        'drop the rule, or write the rows in batches',
      );
    }
  }
  return undefined;
}

/** Copies some rows into the trial; returns false if that is impossible. */
async function copySample(database: Queryable, { inCatalog }: TableFacts, trial: string): Promise<boolean> {
  const { rows } = await database.query<{ columns: string | null }>(
    `
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_attribute t on t.attrelid = to_regclass($2) and t.attname = a.attname
    where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped and not t.attisdropped
      and a.attgenerated = '' and t.attgenerated = ''`,
    [inCatalog, trial],
  );
  const columns = rows[0]?.columns;
  if (columns == null) return false;
  try {
    await database.query(
      `insert into ${trial} (${columns}) select ${columns} from ${inCatalog} limit ${SAMPLE_ROWS}`,
    );
    return true;
  } catch {
    return false;
  }
}
