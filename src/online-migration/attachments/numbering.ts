import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import { mirrorName, type TableColumn } from './table-column.ts';

/** Types of sequences. */
export const SEQUENCE_TYPES = ['smallint', 'integer', 'int', 'bigint', 'int2', 'int4', 'int8'];

/** The source of a column's numbers. */
export interface Numbering {
  /** `always` or `by default` for an identity; null for a sequence in the column's default. */
  readonly identity: 'always' | 'by default' | null;
  /** The sequence: schema and name, quoted. */
  readonly sequence: string;
  readonly schema: string;
  readonly name: string;
  /** Its options, in the syntax of `create sequence`. */
  readonly options: string;
  /** The rights on the sequence of an identity, in the syntax of `grant`, with %s for the sequence. */
  readonly grants: readonly string[];
  /** The comment on the sequence. */
  readonly comment: string | null;
  /** Whether the column owns the sequence, which is then dropped with it. */
  readonly isOwned: boolean;
  /** The default, as in the catalog; null for an identity. */
  readonly expression: string | null;
}

interface NumberingRow {
  identity: '' | 'a' | 'd';
  expression: string | null;
  sequence: string;
  schema: string;
  name: string;
  options: string;
  grants: string[];
  comment: string | null;
  owned: boolean;
}

/**
 * Reads the source of a column's numbers; null if it has none, or if its default is more than `nextval` of a
 * sequence.
 */
export async function readNumbering(
  database: Queryable,
  { table, column }: TableColumn,
): Promise<Numbering | null> {
  const { rows } = await database.query<NumberingRow>(
    `
    select a.attidentity as identity, pg_get_expr(d.adbin, d.adrelid) as expression,
      format('%I.%I', n.nspname, s.relname) as sequence, n.nspname as schema, s.relname as name,
      format('start %s increment %s cache %s', q.seqstart, q.seqincrement, q.seqcache)
        || case when q.seqmin = limits.least then '' else format(' minvalue %s', q.seqmin) end
        || case when q.seqmax = limits.greatest then '' else format(' maxvalue %s', q.seqmax) end
        || case when q.seqcycle then ' cycle' else '' end as options,
      array(
        select format('grant %s on sequence %%s to %s%s', privilege_type,
          case when grantee = 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end,
          case when is_grantable then ' with grant option' else '' end)
        from aclexplode(s.relacl) where grantee <> s.relowner
      ) as grants,
      obj_description(s.oid, 'pg_class') as comment,
      exists (
        select from pg_catalog.pg_depend dep
        join pg_catalog.pg_class s on s.oid = dep.objid and s.relkind = 'S'
        where dep.classid = 'pg_class'::regclass and dep.refclassid = 'pg_class'::regclass
          and dep.refobjid = a.attrelid and dep.refobjsubid = a.attnum and dep.deptype in ('a', 'i')
      ) as owned
    from pg_catalog.pg_attribute a
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum and a.attgenerated = ''
    join pg_catalog.pg_depend link
      on link.classid = 'pg_attrdef'::regclass and link.objid = d.oid and link.refclassid = 'pg_class'::regclass
      or link.classid = 'pg_class'::regclass and link.refclassid = 'pg_class'::regclass and link.refobjid = a.attrelid
        and link.refobjsubid = a.attnum and link.deptype = 'i'
    join pg_catalog.pg_class s
      on s.oid = case when link.classid = 'pg_attrdef'::regclass then link.refobjid else link.objid end and s.relkind = 'S'
    join pg_catalog.pg_namespace n on n.oid = s.relnamespace
    join pg_catalog.pg_sequence q on q.seqrelid = s.oid
    join lateral (
      select
        case when q.seqincrement > 0 then 1 else -ceiling end as least,
        case when q.seqincrement > 0 then ceiling - 1 else -1 end as greatest
      from (select power(2::numeric, t.typlen * 8 - 1) as ceiling from pg_catalog.pg_type t where t.oid = q.seqtypid) as type
    ) as limits on true
    where a.attrelid = to_regclass($1) and a.attname = $2
      and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) ~ '^nextval[(]''([^'']|'''')*''::regclass[)]$')
    limit 1`,
    [table, column],
  );
  const row = rows[0];
  if (row === undefined) return null;
  return {
    identity: row.identity === 'a' ? 'always' : row.identity === 'd' ? 'by default' : null,
    sequence: row.sequence,
    schema: row.schema,
    name: row.name,
    options: row.options,
    grants: row.grants,
    comment: row.comment,
    isOwned: row.owned,
    expression: row.identity === '' ? row.expression : null,
  };
}

/** The name of a sequence that a column owns, schema and name, quoted; null if it owns none. */
export async function readOwnedSequence(
  database: Queryable,
  { table, column }: TableColumn,
): Promise<string | null> {
  const { rows } = await database.query<{ sequence: string }>(
    `
    select format('%I.%I', n.nspname, s.relname) as sequence
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_depend d
      on d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
        and d.refobjid = a.attrelid and d.refobjsubid = a.attnum and d.deptype = 'a'
    join pg_catalog.pg_class s on s.oid = d.objid and s.relkind = 'S'
    join pg_catalog.pg_namespace n on n.oid = s.relnamespace
    where a.attrelid = to_regclass($1) and a.attname = $2`,
    [table, column],
  );
  return rows[0]?.sequence ?? null;
}

/**
 * Statements that hand over a column's numbering, which continues. The table must be locked. If the column owns the
 * sequence, the sequence gets the new column's type; otherwise it would end at the old type's limit.
 *
 * A program can call `nextval` without a lock on the table. So the first statement locks the sequence until the
 * commit: it hands out no more numbers, and its position can be read. Numbers cached by sessions are skipped.
 *
 * PostgreSQL cannot detach an identity's sequence from its column, so it is recreated under the same name. A
 * `nextval` that waited for the lock, or a `currval` for an earlier insert, then fails because the old sequence is
 * missing (XX000, 55000). An insert waits for the table and is not affected. The sequence of a serial is kept, so
 * nothing fails.
 *
 * @param columns.from the quoted name of the column that has the numbering
 * @param columns.to the quoted name of the column that gets it
 * @param columns.toType the type of `columns.to`
 */
export function numberingStatements(
  { identity, sequence, schema, name, options, grants, comment, isOwned, expression }: Numbering,
  { table, from, to, toType }: { table: string; from: string; to: string; toType: string },
): string[] {
  const alter = `alter table ${table} alter column`;
  if (identity === null) {
    return [
      ...(isOwned ? [`alter sequence ${sequence} owned by ${table}.${to}`] : []),
      ...(isOwned && SEQUENCE_TYPES.includes(toType.toLowerCase())
        ? [`alter sequence ${sequence} as ${toType}`]
        : []),
      `${alter} ${to} set default ${expression}`,
      `${alter} ${from} drop default`,
    ];
  }
  const formerName = escapeIdentifier(mirrorName(name));
  const former = `${escapeIdentifier(schema)}.${formerName}`;
  return [
    `alter sequence ${sequence} rename to ${formerName}`,
    `${alter} ${to} add generated ${identity} as identity (sequence name ${sequence} ${options})`,
    `select setval(${escapeLiteral(sequence)}, last_value, is_called) from ${former}`,
    `${alter} ${from} drop identity`,
    ...grants.map((grant) => grant.replace('%s', () => sequence)),
    ...(comment === null ? [] : [`comment on sequence ${sequence} is ${escapeLiteral(comment)}`]),
  ];
}
