import { escapeIdentifier } from 'pg';
import { chooseName } from '../planning/choose-name.ts';
import { isProvenNotNull } from '../planning/not-null-checks.ts';
import type { Rule, RuleContext } from '../planning/rule.ts';
import { MOST_ROWS, rowLabel } from '../planning/row-label.ts';
import { find, locked, type Step, validate } from '../planning/step.ts';
import { isAlone } from '../planning/relation-names.ts';
import { columnOf, type TableFacts } from '../planning/table-facts.ts';
import { tableCommandOf } from '../planning/table-command.ts';
import { onFreeTable, tableInUse } from '../planning/verdicts.ts';
import type { RangeVar } from 'libpg-query';

/**
 * `set not null`: ACCESS EXCLUSIVE while every row is read.
 *
 * 1. Find rows without a value, and refuse if there are some.
 * 2. Add a check NOT VALID that the column is not null. From here on new rows are checked.
 * 3. Validate it: reads the table under SHARE UPDATE EXCLUSIVE.
 * 4. `set not null`. PostgreSQL takes the check's word and reads nothing.
 * 5. Drop the check, in a statement of its own: in one statement, PostgreSQL would drop it first and read the table after all.
 *
 * If the column has a NOT NULL that is NOT VALID, since PostgreSQL 18, that is validated. With `only`, the steps leave out the tables that
 * inherit.
 */
export const setNotNull: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  if (alter?.command.subtype !== 'AT_SetNotNull') return undefined;
  const column = alter.command.name!;
  const table = await tableInUse(alter.table, context);
  if (table === undefined) return onFreeTable(alter.table, context);
  const found = columnOf(table, column);
  const isAltered = context.made.hasAltered(alter.table, column);
  // PostgreSQL refuses it, or the table has no partition.
  const isPartitionedAlone = table.kind === 'p' && isAlone(alter.table);
  if (isPartitionedAlone) {
    return { kind: 'steps', reason: 'it locks the table', steps: [locked(statement.text, [table.name])] };
  }
  if (
    !isAltered &&
    (found === undefined ||
      found.notNull ||
      isProvenNotNull(
        await context.catalog.readNotNullChecks(context.made.inCatalog(alter.table), column),
        context.made.altering(alter.table),
        column,
      ))
  ) {
    return { kind: 'steps', reason: 'it locks the table', steps: [locked(statement.text, [table.name])] };
  }
  return {
    kind: 'steps',
    reason: 'it reads the whole table while nobody can use it',
    steps: await notNullSteps(context, alter.table, table, column),
  };
};

/** The steps after which a column is NOT NULL. */
export async function notNullSteps(
  context: RuleContext,
  relation: RangeVar,
  facts: TableFacts,
  column: string,
): Promise<Step[]> {
  const { name: table } = facts;
  const name = escapeIdentifier(column);
  const notValid = context.made.hasAltered(relation, column) ? undefined : columnOf(facts, column)?.notValid;
  if (notValid !== undefined) {
    return [
      await findNulls(context, relation, table, column),
      validate(`alter table ${table} validate constraint ${escapeIdentifier(notValid)}`, table),
    ];
  }
  const check = escapeIdentifier(await chooseName(context, relation, [column, 'online_check']));
  const [target, inheritance] = isAlone(relation) ? [`only ${table}`, ' no inherit'] : [table, ''];
  return [
    await findNulls(context, relation, table, column),
    locked(
      `alter table ${target} add constraint ${check} check (${name} is not null)${inheritance} not valid`,
      [table],
    ),
    validate(`alter table ${table} validate constraint ${check}`, table),
    locked(`alter table ${target} alter column ${name} set not null`, [table]),
    locked(`alter table ${table} drop constraint ${check}`, [table]),
  ];
}

/** The search for rows without a value. */
export async function findNulls(
  context: RuleContext,
  relation: RangeVar,
  table: string,
  column: string,
  isOfTableAlone = isAlone(relation),
): Promise<Step> {
  const name = escapeIdentifier(column);
  const query =
    `select ${await rowLabel(context, relation, 'r')} as found from ${isOfTableAlone ? 'only ' : ''}${table} r ` +
    `where r.${name} is null limit ${MOST_ROWS}`;
  return find(query, [table], `Rows of ${table} have no ${name}: give them a value first.`);
}
