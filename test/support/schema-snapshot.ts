import type { Column } from '../../src/online-migration/change/column-change.ts';
import type { ChangedColumn } from '../../src/online-migration/change/changed-column.ts';
import type { DatabaseClient } from './database-client.ts';

/** The catalog's data of all user tables, in comparable form. */
export interface SchemaSnapshot {
  /** Each column, by `schema.table.column`. A partition's columns are listed with its table. */
  readonly columns: Record<
    string,
    {
      type: string;
      notNull: boolean;
      default: string | null;
      identity: string;
      comment: string | null;
      statistics: number | null;
      options: string[] | null;
      privileges: string[];
    }
  >;
  /** Each constraint with its definition. Since PostgreSQL 18, NOT NULL is a constraint. */
  readonly constraints: Record<string, string>;
  readonly indexes: Record<string, string>;
  /** Each policy with its conditions. */
  readonly policies: Record<string, string>;
  readonly statistics: Record<string, string>;
  readonly triggers: string[];
  /** Each sequence with the column that owns it. */
  readonly sequences: Record<
    string,
    { type: string; owner: string | null; grants: string | null; comment: string | null; counts: string }
  >;
  /** The package's objects; null if its schema does not exist. */
  readonly package: string[] | null;
}

const IS_OF_USER = `n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'online_migration')`;

/** Reads the catalog of a database. */
export async function readSchema(client: DatabaseClient): Promise<SchemaSnapshot> {
  return client.value<SchemaSnapshot>(`
    select jsonb_build_object(
      'columns', (
        select coalesce(jsonb_object_agg(n.nspname || '.' || c.relname || '.' || a.attname, jsonb_build_object(
          'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
          -- With a length, the catalog keeps a default of null, which is none.
          'default', nullif(regexp_replace(pg_get_expr(d.adbin, d.adrelid), '^NULL::.*$', ''), ''), 'identity', a.attidentity,
          'comment', col_description(c.oid, a.attnum), 'statistics', nullif(a.attstattarget, -1),
          'options', a.attoptions,
          'privileges', array(
            select format('%s to %s%s', p.privilege_type, p.grantee::regrole, case when p.is_grantable then ', grantable' end)
            from aclexplode(a.attacl) p order by 1
          )
        )), '{}')
        from pg_attribute a
        join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p') and not c.relispartition
        join pg_namespace n on n.oid = c.relnamespace and ${IS_OF_USER}
        left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        where a.attnum > 0 and not a.attisdropped
      ),
      'constraints', (
        select coalesce(jsonb_object_agg(
          con.conrelid::regclass || '.' || con.conname,
          pg_get_constraintdef(con.oid) || case when con.convalidated then '' else ', not validated' end
            || coalesce(', ' || obj_description(con.oid, 'pg_constraint'), '')
        ), '{}')
        from pg_constraint con
        join pg_namespace n on n.oid = con.connamespace and ${IS_OF_USER}
        where con.conrelid <> 0
      ),
      'indexes', (
        select coalesce(jsonb_object_agg(i.indexrelid::regclass,
          pg_get_indexdef(i.indexrelid) || case when i.indisvalid then '' else ', not valid' end
            || case when i.indisreplident then ', replica identity' else '' end || case when i.indisclustered then ', clustered' else '' end
            || coalesce(' in ' || space.spcname, '')
            || coalesce(', ' || obj_description(i.indexrelid, 'pg_class'), '')), '{}')
        from pg_index i
        join pg_class c on c.oid = i.indexrelid
        left join pg_tablespace space on space.oid = c.reltablespace
        join pg_namespace n on n.oid = c.relnamespace and ${IS_OF_USER}
      ),
      'policies', (
        select coalesce(jsonb_object_agg(p.polrelid::regclass || '.' || p.polname, format(
          '%s %s %s using (%s) with check (%s)', p.polcmd, p.polpermissive, p.polroles::regrole[],
          pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
        )), '{}')
        from pg_policy p
      ),
      'statistics', (
        select coalesce(jsonb_object_agg(s.stxname, format(
          '%s, target %s, of %s, %s', pg_get_statisticsobjdef(s.oid), nullif(s.stxstattarget, -1), s.stxowner::regrole,
          obj_description(s.oid, 'pg_statistic_ext')
        )), '{}')
        from pg_statistic_ext s
      ),
      'triggers', (
        select coalesce(jsonb_agg(t.tgrelid::regclass || '.' || t.tgname order by t.tgrelid::regclass::text, t.tgname), '[]')
        from pg_trigger t where not t.tgisinternal
      ),
      'sequences', (
        select coalesce(jsonb_object_agg(s.seqrelid::regclass, jsonb_build_object(
          'type', format_type(s.seqtypid, null),
          'owner', (
            select d.refobjid::regclass || '.' || a.attname
            from pg_depend d
            join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
            where d.classid = 'pg_class'::regclass and d.objid = s.seqrelid and d.deptype in ('a', 'i')
          ),
          'comment', obj_description(s.seqrelid, 'pg_class'),
          'grants', (select c.relacl from pg_class c where c.oid = s.seqrelid),
          'counts', format('from %s by %s, %s to %s', s.seqstart, s.seqincrement, s.seqmin,
            case when s.seqmax in (2147483647, 9223372036854775807) then 'its end' else s.seqmax::text end)
        )), '{}')
        from pg_sequence s
      ),
      'package', (
        select case when count(n.oid) = 0 then null else '[]'::jsonb end
        from pg_namespace n where n.nspname = 'online_migration'
      )
    )`);
}

/** The catalog's form of a declared default; null if there is none. */
export async function canonicalDefault(
  client: DatabaseClient,
  { type, default: expression }: Column,
): Promise<string | null> {
  if (expression === undefined) return null;
  await client.rows(`create temp table declared (value ${type} default ${expression})`);
  const written = await client.value<string>(
    `select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'declared'::regclass`,
  );
  await client.rows(`drop table declared`);
  return written;
}

/** The same catalog with another type and default of the changed column, and of the sequence that it owns. */
export function withColumnType(
  schema: SchemaSnapshot,
  { table, oldColumn }: ChangedColumn,
  { type, default: expression }: { readonly type: string; readonly default: string | null },
): SchemaSnapshot {
  const name = `${table.schema}.${table.name}.${oldColumn.name}`;
  const column = schema.columns[name]!;
  const sequences = Object.entries(schema.sequences).map(([sequence, facts]) => [
    sequence,
    { ...facts, type: facts.owner?.endsWith(`.${oldColumn.name}`) ? type : facts.type },
  ]);
  return {
    ...schema,
    columns: {
      ...schema.columns,
      [name]: { ...column, type: canonical(type), default: expression ?? column.default },
    },
    sequences: Object.fromEntries(sequences) as SchemaSnapshot['sequences'],
  };
}

const CANONICAL: Readonly<Record<string, string>> = {
  timestamptz: 'timestamp with time zone',
  timestamp: 'timestamp without time zone',
};

/** The catalog's form of a type. */
function canonical(type: string): string {
  return CANONICAL[type] ?? type.replace(/^public\./, '');
}
