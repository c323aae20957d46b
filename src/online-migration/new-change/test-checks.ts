import { escapeIdentifier } from 'pg';
import { isStatementsFault, sqlState } from '../postgres/database-error.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { fillingValueOf } from './key-fillings.ts';
import type { NewColumn, TestedCheck } from './new-change.ts';
import type { ColumnFacts, TableFacts } from './table-facts.ts';
import { testedColumn } from './test-values.ts';

interface CheckFacts extends TestedCheck {
  /** Its condition alone. */
  readonly condition: string;
}

/** The numbers of the values: those of the first rows, and those of the clients. */
const NUMBERS = `
    select generate_series(1, 1000)::bigint union all select generate_series(1000001, 1001000)::bigint`;

/**
 * Finds the checks of changed columns that the table of the test can have: they use only objects of PostgreSQL and the types
 * of the changed columns, and hold for the values of the test.
 * @param columns the changed ones
 */
export async function checksForTest(
  database: Queryable,
  table: TableFacts,
  columns: readonly NewColumn[],
): Promise<TestedCheck[]> {
  const found: TestedCheck[] = [];
  for (const check of await readChecks(database, table, columns)) {
    if (await holdsInTest(database, table, columns, check)) found.push(check);
  }
  return found;
}

/** Checks without objects of the user's own, besides the types of the changed columns. */
async function readChecks(
  database: Queryable,
  { schema, name }: TableFacts,
  columns: readonly NewColumn[],
): Promise<CheckFacts[]> {
  const { rows } = await database.query<CheckFacts>(
    `
    select con.conname as name, pg_get_expr(con.conbin, con.conrelid) as condition, used.columns,
      format('alter table %I.%I add constraint %I %s', n.nspname, c.relname, con.conname, pg_get_constraintdef(con.oid)) as statement
    from pg_catalog.pg_constraint con
    join pg_catalog.pg_class c on c.oid = con.conrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    cross join lateral (
      select jsonb_agg(a.attname) as columns, bool_or(a.attname = any ($2)) as is_of_change,
        array_agg(a.atttypid) filter (where a.attname = any ($2)) as types
      from pg_catalog.pg_attribute a
      where a.attrelid = con.conrelid and a.attnum = any (con.conkey)
    ) as used
    where con.conrelid = to_regclass($1) and con.contype = 'c' and used.is_of_change
      and coalesce((to_jsonb(con) ->> 'conenforced')::boolean, true)
      and not exists (
        select from pg_catalog.pg_depend d
        where d.classid = 'pg_constraint'::regclass and d.objid = con.oid
          and not (d.refclassid = 'pg_class'::regclass and d.refobjid = con.conrelid)
          and not (d.refclassid = 'pg_type'::regclass and d.refobjid = any (used.types))
      )
    order by con.conname`,
    [`${escapeIdentifier(schema)}.${escapeIdentifier(name)}`, columns.map(({ facts }) => facts.name)],
  );
  return rows;
}

/** Whether a check holds for all rows of the test, with the old values and with the new ones. */
async function holdsInTest(
  database: Queryable,
  table: TableFacts,
  changed: readonly NewColumn[],
  check: CheckFacts,
): Promise<boolean> {
  const facts = table.columns.filter(({ name }) => check.columns.includes(name));
  for (const side of ['old', 'new'] as const) {
    const values: string[] = [];
    for (const column of facts) {
      const value = valueOf(column, changed, side);
      if (value === null) return false;
      values.push(`${value} as ${escapeIdentifier(column.name)}`);
    }
    if (!(await holds(database, table, check, values))) return false;
  }
  return true;
}

/** SQL of the value of a column in a row, for the number `numbers.n`. */
function valueOf(column: ColumnFacts, changed: readonly NewColumn[], side: 'old' | 'new'): string | null {
  const tested = changed.find(({ facts }) => facts.name === column.name);
  if (tested === undefined) return fillingValueOf(column, 'numbers.n');
  const { oldColumn, newColumn } = tested.change;
  const { type } = side === 'old' ? oldColumn : newColumn;
  const value = tested.facts.isNumbered ? 'numbers.n' : testedColumn(tested).value?.[side];
  return value === undefined ? null : `(${value.replaceAll('${n}', 'numbers.n')})::${type}`;
}

async function holds(
  database: Queryable,
  { name }: TableFacts,
  { condition }: CheckFacts,
  values: readonly string[],
): Promise<boolean> {
  try {
    const { rows } = await database.query<{ holds: boolean }>(`
      select bool_and((${condition}) is not false) as holds
      from (select ${values.join(', ')} from (${NUMBERS}) as numbers (n)) as ${escapeIdentifier(name)}`);
    return rows[0]!.holds;
  } catch (error) {
    // A condition that does not fit the other type, or a whole row. The obstacles of the change name it if it matters.
    if (isStatementsFault(error) || sqlState(error)?.startsWith('P0')) return false;
    throw error;
  }
}
