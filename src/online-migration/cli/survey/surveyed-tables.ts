import { PACKAGE_SCHEMA, QUEUE_SCHEMA } from '../../change/names.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import type { LedgerTable } from '../project/mikro-orm-options.ts';

/** The tables to survey. */
export interface SurveyedPlaces {
  /** Only tables of this schema. */
  readonly schema?: string | undefined;
  /** Only this table, with or without its schema. */
  readonly table?: string | undefined;
  /** MikroORM's table of applied migrations; null for none. */
  readonly ledger: LedgerTable | null;
}

/** A table of the user. */
export interface SurveyedTable {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** The statement that gives the role the right to use the schema; null if it has it. */
  readonly missingGrant: string | null;
}

/** SQL that finds members of extensions. */
const OF_EXTENSION = `exists (
        select from pg_catalog.pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
      )`;

/**
 * Lists the tables of the database: neither those of PostgreSQL, of extensions, of this package and of MikroORM, nor partitions, which
 * change with their table.
 *
 * @throws OnlineMigrationError if an option names a schema or a table that is not among them
 */
export async function listSurveyedTables(
  database: Queryable,
  { schema, table, ledger }: SurveyedPlaces,
): Promise<SurveyedTable[]> {
  const { rows } = await database.query<SurveyedTable>(
    `
    select c.oid::text as oid, n.nspname as schema, c.relname as name,
      case when not has_schema_privilege(n.oid, 'usage')
        then format('grant usage on schema %I to %I', n.nspname, current_user)
      end as "missingGrant"
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't'
      and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', $1, $2)
      and not ${OF_EXTENSION}
      and (n.nspname, c.relname) is distinct from ($5::text, $6::text)
      and ($3::text is null or n.nspname = $3)
      and ($4::text is null or c.relname = $4 or n.nspname || '.' || c.relname = $4)
    order by n.nspname, c.relname`,
    [
      PACKAGE_SCHEMA,
      QUEUE_SCHEMA,
      schema ?? null,
      table ?? null,
      ledger?.schema ?? null,
      ledger?.name ?? null,
    ],
  );
  if (rows.length === 0 && (schema !== undefined || table !== undefined)) {
    const given = [
      ...(schema === undefined ? [] : [`--schema ${schema}`]),
      ...(table === undefined ? [] : [`--table ${table}`]),
    ].join(' ');
    const quotes = given.includes('"') ? ' Give names without SQL quotes.' : '';
    throw new OnlineMigrationError(
      'WRONG_USAGE',
      `${given}: no table to survey has this name.${quotes} Partitions are surveyed with their table.`,
      { schema, table },
    );
  }
  return rows;
}
