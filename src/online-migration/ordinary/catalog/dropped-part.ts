import type { Queryable } from '../../postgres/queryable.ts';
import { writeStatement } from '../../sql/write-statement.ts';
import type { ComparedChecks, DroppedPart } from '../planning/catalog.ts';
import { nameOf } from '../planning/relation-names.ts';
import { type Asked, onTrialTable } from './trial-table.ts';

/** An SQL condition on `pg_index i`, with the index as `c`: it has columns and nothing else, and is valid. */
const IS_PLAIN_INDEX = `
  i.indisvalid and i.indpred is null and i.indexprs is null and i.indnatts = i.indnkeyatts
  and c.reloptions is null and c.reltablespace = 0 and to_jsonb(i) ->> 'indnullsnotdistinct' is distinct from 'true'
  and c.relam = (select oid from pg_catalog.pg_am where amname = 'btree')
  and not i.indisreplident and not i.indisclustered
  and not exists (
    select from unnest(i.indoption, i.indclass, i.indcollation, i.indkey) as part (option, class, collation_oid, number)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = part.number
    join pg_catalog.pg_opclass o on o.oid = part.class
    where part.option <> 0 or not o.opcdefault or part.collation_oid <> a.attcollation
  )`;

/** An SQL expression for the names of columns. */
function namesOf(table: string, numbers: string): string {
  return `coalesce((
    select jsonb_agg(a.attname order by part.position)
    from unnest(${numbers}) with ordinality as part (number, position)
    join pg_catalog.pg_attribute a on a.attrelid = ${table} and a.attnum = part.number
  ), '[]')`;
}

/** Reads an index of a table that belongs to no constraint; undefined if there is none. */
export async function readIndexPart(
  database: Queryable,
  name: string,
  table: string,
): Promise<DroppedPart | undefined> {
  const { rows } = await database.query<DroppedPart>(
    `
    select case when i.indisunique then 'unique' else 'index' end as kind, (select nspname from pg_catalog.pg_namespace where oid = c.relnamespace) as schema,
      c.relname as name, ${namesOf('i.indrelid', 'i.indkey')} as columns, ${IS_PLAIN_INDEX} as "isPlain",
      '' as referenced, '[]'::jsonb as "referencedColumns", '' as rules
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    where i.indexrelid = to_regclass($1) and i.indrelid = to_regclass($2)
      and not exists (select from pg_catalog.pg_constraint n where n.conindid = i.indexrelid and n.contype <> 'f')`,
    [name, table],
  );
  return rows[0];
}

/** Reads a constraint of a table; undefined if there is none. */
export async function readConstraintPart(
  database: Queryable,
  name: string,
  table: string,
): Promise<DroppedPart | undefined> {
  const { rows } = await database.query<DroppedPart>(
    `
    select n.contype as kind, (select nspname from pg_catalog.pg_namespace where oid = n.connamespace) as schema, n.conname as name,
      ${namesOf('n.conrelid', 'n.conkey')} as columns,
      n.convalidated and not n.condeferrable and n.conparentid = 0 and (i.indexrelid is null or n.contype = 'f' or (${IS_PLAIN_INDEX})) as "isPlain",
      n.confrelid::text as referenced, ${namesOf('n.confrelid', 'n.confkey')} as "referencedColumns",
      concat_ws(',', n.confupdtype, n.confdeltype, n.confmatchtype) as rules
    from pg_catalog.pg_constraint n
    left join pg_catalog.pg_index i on i.indexrelid = n.conindid
    left join pg_catalog.pg_class c on c.oid = n.conindid
    where n.conrelid = to_regclass($1) and n.conname = $2 and n.contype in ('c', 'f', 'u', 'p')`,
    [table, name],
  );
  return rows[0];
}

/** PostgreSQL writes both checks, on an empty table with the columns renamed. */
export async function areSameChecks(
  asked: Asked,
  { table, name, added, onTable }: ComparedChecks,
): Promise<boolean> {
  const { database, parser } = asked;
  const options = { name: 'online_migration_trial', including: 'including constraints' };
  const areSame = await onTrialTable(asked, table, options, async (trial) => {
    for (const tree of onTable(trial)) await database.query(writeStatement(parser, tree)!);
    const { rows } = await database.query<{ count: number }>(
      `
      select count(distinct pg_get_constraintdef(oid))::integer as count from pg_catalog.pg_constraint
      where conrelid = $1::regclass and conname in ($2, $3) having count(*) = 2`,
      [nameOf(trial), name, added],
    );
    return rows[0]?.count === 1;
  });
  return areSame ?? false;
}
