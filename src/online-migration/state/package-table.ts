import { escapeLiteral } from 'pg';
import { PACKAGE_SCHEMA } from '../change/names.ts';

/**
 * An SQL condition: one of the package's tables is there. Any role may ask. `to_regclass` fails without USAGE on the schema,
 * which an administrator may have made for another role before the first expand grants it to all.
 * @param name `change`, `backfill`, …
 */
export function packageTableExists(name: string): string {
  return `exists (
      select from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${escapeLiteral(PACKAGE_SCHEMA)} and c.relname = ${escapeLiteral(name)}
    )`;
}
