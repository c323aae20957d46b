import { escapeIdentifier } from 'pg';
import type { DatabaseClient } from '../../../support/database-client.ts';

const ROWS = 500;

/**
 * Inserts rows in all tables. A row has its number in the columns of numbers, so it also refers to the row of the same number.
 * @param values SQL expressions for columns, in terms of the row's number `n`
 * @param rows the number of rows of each table
 */
export async function fillTables(
  client: DatabaseClient,
  values: Readonly<Record<string, string>> = {},
  rows = ROWS,
): Promise<void> {
  const columns = await client.rows<{ table: string; name: string; expression: string }>(`
    select c.oid::regclass::text as "table", a.attname as name, case
      when t.typtype = 'e' then quote_literal((select enumlabel from pg_enum where enumtypid = t.oid order by enumsortorder limit 1))
      when ck.label is not null then ck.label
      when t.typname in ('int2', 'int4', 'int8', 'numeric') then 'n'
      when t.typname in ('text', 'varchar') then quote_literal(a.attname || ' ') || ' || n'
      when t.typname = 'uuid' then 'gen_random_uuid()'
      when t.typname = 'bool' then 'true'
      when t.typname in ('timestamp', 'timestamptz', 'date') then '''2020-01-01'''
      when t.typname = 'jsonb' then '''{}'''
    end as expression
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p') and not c.relispartition
    join pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^(pg_|information_schema|online_migration)'
    join pg_type t on t.oid = a.atttypid
    left join lateral (
      -- The first value of a text enum.
      select substring(pg_get_constraintdef(oid) from $$'[^']*'$$) as label
      from pg_constraint where conrelid = c.oid and contype = 'c' and conkey = array[a.attnum] and t.typname in ('text', 'varchar')
    ) ck on true
    where a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and c.relname !~ 'mikro_orm'
    order by c.oid, a.attnum`);
  await client.rows(`set session_replication_role = replica`);
  for (const table of new Set(columns.map((column) => column.table))) {
    const own = columns.filter((column) => column.table === table);
    const names = own.map(({ name }) => escapeIdentifier(name));
    const expressions = own.map(({ name, expression }) => values[name] ?? expression);
    await client.rows(
      `insert into ${table} (${names.join(', ')}) select ${expressions.join(', ')} from generate_series(1, ${rows}) n`,
    );
  }
  await client.rows(`reset session_replication_role; analyze`);
}
