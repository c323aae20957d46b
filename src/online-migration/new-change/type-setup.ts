import { escapeIdentifier, escapeLiteral } from 'pg';
import { typeValues } from '../change/declared-type.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { enumLabels } from './table-facts.ts';

interface OwnType {
  readonly schema: string;
  readonly extension: string | null;
  /** The type that a domain is based on, as the catalog writes it. */
  readonly base: string | null;
}

/** The type that a domain is based on, as the catalog writes it; any other type itself. */
export async function baseType(database: Queryable, type: string): Promise<string> {
  const base = (await readOwnType(database, type))?.base ?? null;
  return base === null ? type : await baseType(database, base);
}

/** Statements that create types in an empty database, if they are not PostgreSQL's own. */
export async function typeSetup(database: Queryable, types: readonly string[]): Promise<string[]> {
  const statements: string[] = [];
  for (const type of types.map(elementOf)) {
    const own = await readOwnType(database, type);
    if (own === null) continue;
    const schema = escapeIdentifier(own.schema);
    if (own.extension !== null) {
      statements.push(
        `create schema if not exists ${schema}`,
        `create extension if not exists ${escapeIdentifier(own.extension)} schema ${schema}`,
      );
    } else if (own.base === null) {
      statements.push(...enumStatements(type, await enumLabels(database, type)));
    } else {
      statements.push(
        ...(await typeSetup(database, [own.base])),
        `create schema if not exists ${schema}`,
        `create domain ${typeValues(type)[0]} as ${own.base}`,
      );
    }
  }
  return [...new Set(statements)];
}

/** The type of an array's elements; any other type itself. */
function elementOf(type: string): string {
  return type.replace(/(?:\[\])+$/, '');
}

/** @returns null for a type of PostgreSQL itself */
async function readOwnType(database: Queryable, type: string): Promise<OwnType | null> {
  const { rows } = await database.query<OwnType>(
    `
    select n.nspname as schema,
      (
        select x.extname
        from pg_catalog.pg_depend d
        join pg_catalog.pg_extension x on x.oid = d.refobjid
        where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
      ) as extension,
      case when t.typtype = 'd' then (
        select case when bn.nspname = 'pg_catalog' then format_type(b.oid, t.typtypmod) else format('%I.%I', bn.nspname, b.typname) end
        from pg_catalog.pg_type b
        join pg_catalog.pg_namespace bn on bn.oid = b.typnamespace
        where b.oid = t.typbasetype
      ) end as base
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    where t.oid = to_regtype($1) and n.nspname <> 'pg_catalog'`,
    [typeValues(type)[0].trim()],
  );
  return rows[0] ?? null;
}

function enumStatements(type: string, labels: readonly string[]): string[] {
  if (labels.length === 0) return [];
  const list = labels.map((label) => escapeLiteral(label)).join(', ');
  const schema = /^(.+)\./.exec(type)?.[1] ?? 'public';
  return [`create schema if not exists ${schema}`, `create type ${type} as enum (${list})`];
}
