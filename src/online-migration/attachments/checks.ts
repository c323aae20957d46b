import { escapeIdentifier } from 'pg';
import { changedColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { namesOf } from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { unquoted } from '../sync/filled-column.ts';
import { copyComment } from './copy-comment.ts';
import { mirrorName, type TableColumns } from './table-column.ts';

/** A check of the table that uses a changed column. */
export interface CarriedCheck {
  /** The changed columns that it uses, unquoted. */
  readonly uses: readonly string[];
  /** Its name in the catalog. */
  readonly name: string;
  /** Its definition, as in the catalog: `CHECK ((size > 0)) NO INHERIT`. */
  readonly definition: string;
  /** Its condition alone: `(size > 0)`. */
  readonly expression: string;
  /** The definition as it is compared with that of a copy. */
  readonly text: string;
  readonly isValidated: boolean;
  readonly comment: string | null;
}

/** Reads the checks that use one of the columns, apart from the package's own. */
export async function readChecks(
  database: Queryable,
  change: ColumnChange,
  { table, columns }: TableColumns,
): Promise<CarriedCheck[]> {
  const ownChecks = changedColumnsOf(change).flatMap((column) => {
    const { filledCheck, enforcedCheck, fillingCheck } = namesOf(column);
    return [filledCheck, enforcedCheck, fillingCheck].map(unquoted);
  });
  const { rows } = await database.query<Omit<CarriedCheck, 'text'>>(
    `
    select used.columns as uses, con.conname as name, pg_get_constraintdef(con.oid) as definition,
      pg_get_expr(con.conbin, con.conrelid) as expression, con.convalidated as "isValidated",
      obj_description(con.oid, 'pg_constraint') as comment
    from pg_catalog.pg_constraint con
    cross join lateral (
      select array_agg(a.attname::text order by a.attnum) as columns
      from pg_catalog.pg_attribute a
      where a.attrelid = con.conrelid and a.attname = any ($2) and a.attnum = any (con.conkey)
    ) as used
    where con.conrelid = to_regclass($1) and con.contype = 'c' and con.conname <> all ($3) and used.columns is not null
    order by con.conname`,
    [table, columns, ownChecks],
  );
  return rows.map((row) => ({ ...row, text: withoutNotValid(row.definition) }));
}

/** A definition without its mark that old rows have not been checked. */
export function withoutNotValid(definition: string): string {
  return definition.replace(/ NOT VALID$/, '');
}

/**
 * The statements that create the check for the other columns. It applies to new writes and is not validated.
 * @param table quoted
 * @param definition the definition for the other columns
 */
export function mirrorCheckStatements(table: string, check: CarriedCheck, definition: string): string[] {
  const mirror = escapeIdentifier(mirrorName(check.name));
  const added = withoutNotValid(definition);
  const notValid = added.endsWith('NOT ENFORCED') ? '' : ' not valid';
  return [
    `alter table ${table} add constraint ${mirror} ${added}${notValid}`,
    `comment on constraint ${mirror} on ${table} is ${copyComment(check)}`,
  ];
}
