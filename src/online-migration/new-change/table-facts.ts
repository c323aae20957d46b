import type { FieldDef } from 'pg';
import { typeValues } from '../change/declared-type.ts';
import type { Queryable } from '../postgres/queryable.ts';

/** A connection that also returns the types of the result's columns. */
export interface DescribingQueryable extends Queryable {
  query<Row>(
    text: string,
    values?: unknown[],
  ): Promise<{ rows: Row[]; rowCount: number | null; fields: FieldDef[] }>;
}

/** A column in the catalog. */
export interface ColumnFacts {
  readonly name: string;
  /** With its modifier, as `format_type` writes it. If the type is not PostgreSQL's own, with its schema. */
  readonly type: string;
  readonly notNull: boolean;
  /** Null if it has none, or if its numbers come from a sequence or an identity. */
  readonly default: string | null;
  /** Whether its numbers come from a sequence or an identity. */
  readonly isNumbered: boolean;
  /** Its own collation, quoted, with its schema; null if it has that of its type. */
  readonly collation: string | null;
}

/** An index, or its constraint. */
export interface IndexFacts {
  /** All of its columns, including those of `include`. */
  readonly columns: readonly string[];
  /** Its key columns. */
  readonly keyColumns: readonly string[];
  readonly statement: string;
}

/** A table in the catalog. */
export interface TableFacts {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ColumnFacts[];
  /**
   * The columns of the primary key, or else of another unique index whose columns are never null; empty if there is
   * none.
   */
  readonly key: readonly string[];
  /** The indexes and constraints that a test of the change can create: `create index …`, `primary key (…)`. */
  readonly indexes: readonly IndexFacts[];
}

/** SQL of the facts of all tables; a condition follows. */
const TABLE_FACTS = `
    select c.oid::text as oid, n.nspname as schema, c.relname as name,
      (
        select jsonb_agg(jsonb_build_object(
          'name', a.attname, 'type', ${typeName('a')}, 'notNull', a.attnotnull,
          'isNumbered', a.attidentity <> '' or coalesce(pg_get_expr(d.adbin, d.adrelid) ~ '^nextval[(]', false),
          'collation', (
            select format('%I.%I', ln.nspname, l.collname)
            from pg_catalog.pg_collation l
            join pg_catalog.pg_namespace ln on ln.oid = l.collnamespace
            join pg_catalog.pg_type t on t.oid = a.atttypid
            where l.oid = a.attcollation and a.attcollation <> t.typcollation
          ),
          'default', case
            when pg_get_expr(d.adbin, d.adrelid) ~ '^(nextval[(]|NULL::)' or a.attgenerated <> '' then null
            else pg_get_expr(d.adbin, d.adrelid)
          end
        ) order by a.attnum)
        from pg_catalog.pg_attribute a
        left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      ) as columns,
      coalesce((
        select jsonb_agg(a.attname order by k.place)
        from (
          select (i.indkey::int2[])[0:i.indnkeyatts - 1] as numbers from pg_catalog.pg_index i
          where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
            and not exists (
              select from pg_catalog.pg_attribute o
              where o.attrelid = c.oid and o.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1]) and not o.attnotnull
            )
          order by i.indisprimary desc, i.indnkeyatts, i.indexrelid
          limit 1
        ) as first
        cross join unnest(first.numbers) with ordinality as k (number, place)
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.number
      ), '[]') as key,
      coalesce((
        select jsonb_agg(jsonb_build_object(
          'columns', (
            select jsonb_agg(a.attname) from pg_catalog.pg_attribute a
            where a.attrelid = c.oid and a.attnum = any (i.indkey::int2[])
          ),
          'keyColumns', (
            select jsonb_agg(a.attname) from pg_catalog.pg_attribute a
            where a.attrelid = c.oid and a.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1])
          ),
          'statement', case
            when con.oid is null then pg_get_indexdef(i.indexrelid)
            else format('alter table %I.%I add constraint %I %s', n.nspname, c.relname, con.conname, pg_get_constraintdef(con.oid))
          end
        ) order by i.indisprimary desc, i.indexrelid)
        from pg_catalog.pg_index i
        left join pg_catalog.pg_constraint con on con.conindid = i.indexrelid and con.contype in ('p', 'u')
        where i.indrelid = c.oid and i.indisvalid and i.indpred is null and i.indexprs is null
      ), '[]') as indexes
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p')`;

/**
 * Reads a table from the catalog.
 * @param place its schema and its name
 */
export async function readTable(
  database: Queryable,
  { schema, name }: Pick<TableFacts, 'schema' | 'name'>,
): Promise<TableFacts> {
  const { rows } = await database.query<TableFacts & { oid: string }>(
    `${TABLE_FACTS} and n.nspname = $1 and c.relname = $2`,
    [schema, name],
  );
  return rows[0]!;
}

/** Looks up a table by its oid; null if it is gone. */
export async function readTableByOid(database: Queryable, oid: string): Promise<TableFacts | null> {
  const { rows } = await database.query<TableFacts>(`${TABLE_FACTS} and c.oid = $1`, [oid]);
  return rows[0] ?? null;
}

/**
 * Reads the catalog's spelling of a type: `decimal(12)` is `numeric(12,0)`.
 *
 * @returns null if the type does not exist
 * @throws DatabaseError if the type does not accept the modifier
 */
export async function canonicalType(database: DescribingQueryable, type: string): Promise<string | null> {
  const [base, modifier] = typeValues(type);
  const { rows } = await database.query<{ name: string; is_own: boolean }>(
    `
    select format('%I.%I', n.nspname, t.typname) as name, n.nspname <> 'pg_catalog' as is_own
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    where t.oid = to_regtype($1)`,
    [base.trim()],
  );
  const found = rows[0];
  if (found === undefined || found.is_own)
    return found ? found.name + (modifier === null ? '' : `(${modifier})`) : null;
  // The text is a type's name and numbers, otherwise the lookup would have found nothing. Only PostgreSQL knows the
  // spelling of a modifier.
  const { fields } = await database.query(`select null::${type}`);
  const { dataTypeID, dataTypeModifier } = fields[0]!;
  const written = await database.query<{ name: string }>(`select format_type($1, $2) as name`, [
    dataTypeID,
    dataTypeModifier,
  ]);
  return written.rows[0]!.name;
}

/** The labels of an enum, in order; empty for another type. */
export async function enumLabels(database: Queryable, type: string): Promise<string[]> {
  const { rows } = await database.query<{ label: string }>(
    `select enumlabel as label from pg_catalog.pg_enum where enumtypid = to_regtype($1) order by enumsortorder`,
    [type],
  );
  return rows.map(({ label }) => label);
}

function typeName(attribute: string): string {
  return `(
          select case
            when tn.nspname = 'pg_catalog' then format_type(${attribute}.atttypid, ${attribute}.atttypmod)
            when t.typcategory = 'A' then format('%I.%I[]', en.nspname, e.typname)
            else format('%I.%I', tn.nspname, t.typname)
          end
          from pg_catalog.pg_type t
          join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
          left join pg_catalog.pg_type e on e.oid = t.typelem
          left join pg_catalog.pg_namespace en on en.oid = e.typnamespace
          where t.oid = ${attribute}.atttypid
        )`;
}
