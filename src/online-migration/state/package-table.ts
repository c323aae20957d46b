import { escapeLiteral } from 'pg';
import { PACKAGE_SCHEMA } from '../change/names.ts';

/**
 * An SQL condition: one of the package's tables exists. Any role may run it. (`to_regclass` fails without USAGE on
 * the schema. An administrator may have made the schema for another role, and the first expand has not granted USAGE
 * yet.)
 * @param name `change`, `backfill`, …
 */
export function packageTableExists(name: string): string {
  return `exists (
      select from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${escapeLiteral(PACKAGE_SCHEMA)} and c.relname = ${escapeLiteral(name)}
    )`;
}
