import { escapeIdentifier } from 'pg';
import type { ChangedColumn } from '../change/changed-column.ts';
import { namesOf } from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { type Side, unquoted } from '../sync/filled-column.ts';
import { copyComment } from './copy-comment.ts';
import { columnAt, mirrorName } from './table-column.ts';

/** A check of the table that uses a column. */
export interface CarriedCheck {
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

/** Reads the checks that use a column, apart from the package's own. */
export async function readChecks(
  database: Queryable,
  change: ChangedColumn,
  side: Side,
): Promise<CarriedCheck[]> {
  const { filledCheck, enforcedCheck, fillingCheck } = namesOf(change);
  const { table, column } = columnAt(change, side);
  const { rows } = await database.query<Omit<CarriedCheck, 'text'>>(
    `
    select con.conname as name, pg_get_constraintdef(con.oid) as definition,
      pg_get_expr(con.conbin, con.conrelid) as expression, con.convalidated as "isValidated",
      obj_description(con.oid, 'pg_constraint') as comment
    from pg_catalog.pg_constraint con
    join pg_catalog.pg_attribute a on a.attrelid = con.conrelid and a.attname = $2 and a.attnum = any (con.conkey)
    where con.conrelid = to_regclass($1) and con.contype = 'c' and con.conname <> all ($3)
    order by con.conname`,
    [table, column, [filledCheck, enforcedCheck, fillingCheck].map(unquoted)],
  );
  return rows.map((row) => ({ ...row, text: withoutNotValid(row.definition) }));
}

/** A definition without its mark that old rows have not been checked. */
export function withoutNotValid(definition: string): string {
  return definition.replace(/ NOT VALID$/, '');
}

/**
 * The statements that create the check for another column. It applies to new writes and is not validated.
 * @param table quoted
 * @param definition the definition for the other column
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
