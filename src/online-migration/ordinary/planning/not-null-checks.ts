import type { Node } from 'libpg-query';
import { asKind } from '../../sql/statements.ts';
import { stringsOf } from './table-command.ts';

/** A check that excludes null from a column, and does nothing else. */
export interface NotNullCheck {
  readonly name: string;
  readonly isValidated: boolean;
}

/**
 * Whether a validated check excludes null from a column, so that PostgreSQL reads no rows for `set not null`.
 * @param checks those of the catalog
 * @param altering earlier statements of the migration that alter the table, in their order
 */
export function isProvenNotNull(
  checks: readonly NotNullCheck[],
  altering: readonly Node[],
  column: string,
): boolean {
  const validated = new Map(checks.map(({ name, isValidated }) => [name, isValidated]));
  const commands = altering.flatMap((tree) => asKind(tree, 'AlterTableStmt')?.cmds ?? []);
  for (const node of commands) {
    const { subtype, name = '', def } = asKind(node, 'AlterTableCmd')!;
    const added = asKind(def, 'Constraint');
    if (subtype === 'AT_DropConstraint') validated.delete(name);
    if (subtype === 'AT_ValidateConstraint' && validated.has(name)) validated.set(name, true);
    // A check without inheritance says nothing about the rows of tables that inherit.
    if (
      subtype === 'AT_AddConstraint' &&
      notNullIn(added?.raw_expr) === column &&
      added?.is_no_inherit !== true
    )
      validated.set(added?.conname ?? '', added?.skip_validation !== true);
  }
  return [...validated.values()].includes(true);
}

/** The column of a condition `c is not null`; undefined for another condition. */
export function notNullIn(condition: Node | undefined): string | undefined {
  const test = asKind(condition, 'NullTest');
  if (test?.nulltesttype !== 'IS_NOT_NULL') return undefined;
  return stringsOf(asKind(test.arg, 'ColumnRef')?.fields).at(-1);
}
