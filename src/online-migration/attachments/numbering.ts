import { escapeLiteral } from 'pg';
import type { Queryable } from '../column-change.ts';
import type { TableColumn } from './table-column.ts';

/** Where the numbers of a column come from. */
export interface Numbering {
  /** `always` or `by default` for an identity; null for a sequence in the column's default. */
  readonly identity: 'always' | 'by default' | null;
  /** The sequence: schema and name, quoted. */
  readonly sequence: string;
  /** Whether the column owns the sequence, which goes with it. */
  readonly isOwned: boolean;
  /** The default, as the catalog writes it; null for an identity. */
  readonly expression: string | null;
}

interface NumberingRow {
  identity: '' | 'a' | 'd';
  expression: string | null;
  sequence: string | null;
  owned: boolean;
}

/** How a sequence counts. */
interface SequenceState {
  start: string;
  increment: string;
  cache: string;
  cycles: boolean;
  last_value: string;
  is_called: boolean;
}

/** Reads where the numbers of a column come from; null where they come from no sequence. */
export async function readNumbering(
  database: Queryable,
  { table, column }: TableColumn,
): Promise<Numbering | null> {
  const { rows } = await database.query<NumberingRow>(
    `
    select a.attidentity as identity, pg_get_expr(d.adbin, d.adrelid) as expression,
      (
        select format('%I.%I', n.nspname, s.relname)
        from pg_catalog.pg_depend dep
        join pg_catalog.pg_class s on s.oid = case when dep.classid = 'pg_attrdef'::regclass then dep.refobjid else dep.objid end
        join pg_catalog.pg_namespace n on n.oid = s.relnamespace
        where s.relkind = 'S' and (
          dep.classid = 'pg_attrdef'::regclass and dep.objid = d.oid and dep.refclassid = 'pg_class'::regclass
          or dep.classid = 'pg_class'::regclass and dep.refclassid = 'pg_class'::regclass and dep.refobjid = a.attrelid
            and dep.refobjsubid = a.attnum and dep.deptype = 'i'
        )
        limit 1
      ) as sequence,
      exists (
        select from pg_catalog.pg_depend dep
        join pg_catalog.pg_class s on s.oid = dep.objid and s.relkind = 'S'
        where dep.classid = 'pg_class'::regclass and dep.refclassid = 'pg_class'::regclass
          and dep.refobjid = a.attrelid and dep.refobjsubid = a.attnum and dep.deptype in ('a', 'i')
      ) as owned
    from pg_catalog.pg_attribute a
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum and a.attgenerated = ''
    where a.attrelid = to_regclass($1) and a.attname = $2`,
    [table, column],
  );
  const row = rows[0];
  if (!row?.sequence) return null;
  return {
    identity: row.identity === 'a' ? 'always' : row.identity === 'd' ? 'by default' : null,
    sequence: row.sequence,
    isOwned: row.owned,
    expression: row.identity === '' ? row.expression : null,
  };
}

/**
 * Lets the numbers of a column come from where another one's do, and go on where they are; the table must be locked. A
 * sequence that belongs to the column gets the type of the new one, so that it does not end where the old type did.
 *
 * @param from the quoted name of the column that has them now
 * @param to the quoted name of the one that gets them
 * @param toType the type of that one
 */
export async function moveNumbering(
  database: Queryable,
  numbering: Numbering,
  { table, from, to, toType }: { table: string; from: string; to: string; toType: string },
): Promise<void> {
  const { identity, sequence, isOwned, expression } = numbering;
  if (identity === null) {
    await database.query(`alter table ${table} alter column ${to} set default ${expression}`);
    await database.query(`alter table ${table} alter column ${from} drop default`);
    if (!isOwned) return;
    await database.query(`alter sequence ${sequence} owned by ${table}.${to}`);
    if (isSequenceType(toType)) await database.query(`alter sequence ${sequence} as ${toType}`);
    return;
  }
  const { rows } = await database.query<SequenceState>(
    `
    select s.seqstart as start, s.seqincrement as increment, s.seqcache as cache, s.seqcycle as cycles,
      state.last_value, state.is_called
    from pg_catalog.pg_sequence s, ${sequence} as state
    where s.seqrelid = to_regclass($1)`,
    [sequence],
  );
  const state = rows[0]!;
  const options = `start ${state.start} increment ${state.increment} cache ${state.cache}${state.cycles ? ' cycle' : ''}`;
  const name = sequence;
  await database.query(`alter table ${table} alter column ${from} drop identity`);
  await database.query(
    `alter table ${table} alter column ${to} add generated ${identity} as identity (sequence name ${name} ${options})`,
  );
  await database.query(`select setval(${escapeLiteral(name)}, ${state.last_value}, ${state.is_called})`);
}

function isSequenceType(type: string): boolean {
  return ['smallint', 'integer', 'int', 'bigint', 'int2', 'int4', 'int8'].includes(type.toLowerCase());
}
