import type { RangeVar } from 'libpg-query';
import { escapeIdentifier } from 'pg';
import { chooseName } from './choose-name.ts';
import { MOST_ROWS, rowLabel } from './row-label.ts';
import type { RuleContext } from './rule.ts';
import { find, locked, type Step, validate } from './step.ts';

/** A check that proves a condition of all rows of a table. */
export interface Proof {
  /** Schema and name, quoted. */
  readonly table: string;
  /** The steps after which the check is valid. */
  readonly steps: readonly Step[];
  /** Takes it away again. */
  readonly drop: Step;
}

/**
 * Plans a check that proves a condition of all rows: find rows that violate it, add it NOT VALID, validate it.
 * @param one the table, and its schema and name, quoted
 * @param meaning the condition, for the error
 */
export async function provenBy(
  context: RuleContext,
  { relation, table }: { readonly relation: RangeVar; readonly table: string },
  condition: string,
  meaning: string,
): Promise<Proof> {
  const check = escapeIdentifier(await chooseName(context, relation, ['online_check']));
  const query =
    `select ${await rowLabel(context, relation, 'r')} as found from ${table} r ` +
    `where not (${condition}) limit ${MOST_ROWS}`;
  return {
    table,
    steps: [
      find(query, [table], `Rows of ${table} are not ${meaning}: move them.`),
      locked(`alter table ${table} add constraint ${check} check (${condition}) not valid`, [table]),
      validate(`alter table ${table} validate constraint ${check}`, table),
    ],
    drop: locked(`alter table ${table} drop constraint ${check}`, [table]),
  };
}
