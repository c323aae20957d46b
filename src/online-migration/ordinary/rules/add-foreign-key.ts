import { escapeIdentifier } from 'pg';
import { nameOf } from '../planning/relation-names.ts';
import type { Rule, RuleContext, Verdict } from '../planning/rule.ts';
import { MOST_ROWS, rowLabel } from '../planning/row-label.ts';
import { find, locked, type Step, validate } from '../planning/step.ts';
import { columnOf, fromOf, type TableFacts } from '../planning/table-facts.ts';
import {
  addedConstraint,
  droppingCommands,
  stringsOf,
  type TableCommand,
  tableCommandOf,
  withCommands,
} from '../planning/table-command.ts';
import { primaryKeyOf } from '../planning/primary-key.ts';
import { asWritten, onFreeTable, tableInUse, written } from '../planning/verdicts.ts';
import { chooseName } from '../planning/choose-name.ts';

/** From this version on, a foreign key of a partitioned table may be NOT VALID. */
const NOT_VALID_ON_PARTITIONED = 180_000;

/**
 * `add foreign key`: SHARE ROW EXCLUSIVE on both tables while every row is looked up.
 *
 * 1. Find rows without a partner, and refuse if there are some.
 * 2. `add constraint … not valid`: SHARE ROW EXCLUSIVE on both tables for a change of the catalog. From here on new rows are checked.
 * 3. `validate constraint`: reads the table under SHARE UPDATE EXCLUSIVE.
 *
 * One that replaces another of the same name is added in the statement that drops the other: there is always one of them.
 */
export const addForeignKey: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  if (alter === undefined) return undefined;
  const dropping = droppingCommands(context.replaces);
  const key = addedConstraint(alter);
  if (key?.contype !== 'CONSTR_FOREIGN' || key.pktable === undefined) return undefined;
  const table = await tableInUse(alter.table, context);
  const referenced = nameOf(key.pktable);
  if (table === undefined) {
    const own = onFreeTable(alter.table, context);
    const other = context.made.has(key.pktable) ? [] : [referenced];
    return own.kind === 'as-written' ? asWritten(...own.relations, ...other) : own;
  }
  const both = [table.name, referenced];
  if (key.skip_validation && dropping.length === 0) {
    return {
      kind: 'steps',
      reason: LOCKS_BOTH,
      steps: [locked(statement.text, both, 'SHARE ROW EXCLUSIVE')],
    };
  }
  if (table.kind === 'p' && context.catalog.serverVersion < NOT_VALID_ON_PARTITIONED) {
    return {
      kind: 'refused',
      reason:
        'it looks up every row of the partitions while nobody can write to either table, and only PostgreSQL 18 can do it later',
      instead:
        'add the foreign key to each partition with `not valid`, validate it there, and then add it to the partitioned table',
    };
  }
  const conname =
    key.conname ?? (await chooseName(context, alter.table, [...stringsOf(key.fk_attrs), 'fkey']));
  const notValid = { ...key, conname, skip_validation: true, initially_valid: false };
  const orphans = await orphansOf(alter, key, table, context);
  const validation = validate(
    `alter table ${table.name} validate constraint ${escapeIdentifier(conname)}`,
    table.name,
  );
  const commands = [...dropping, { ...alter.command, def: { Constraint: notValid } }];
  return written(withCommands(alter, ...commands), context, (sql): Verdict => ({
    kind: 'steps',
    reason: 'it looks up every row while nobody can write to either table',
    steps: [
      ...orphans,
      locked(sql, both, dropping.length === 0 ? 'SHARE ROW EXCLUSIVE' : 'ACCESS EXCLUSIVE'),
      ...(key.skip_validation ? [] : [validation]),
    ],
  }));
};

const LOCKS_BOTH = 'it locks both tables against writes';

/** The search for rows without a partner; none if the other table is not there yet. */
async function orphansOf(
  { table: relation }: TableCommand,
  key: NonNullable<ReturnType<typeof addedConstraint>>,
  table: TableFacts,
  context: RuleContext,
): Promise<Step[]> {
  const { made } = context;
  const isMade = made.has(key.pktable!);
  const found = isMade ? null : await context.catalog.readTable(made.inCatalog(key.pktable!));
  const isRenamed = made.inCatalog(key.pktable!) !== key.pktable;
  const other = isMade || isRenamed ? nameOf(key.pktable!) : found?.name;
  const columns = stringsOf(key.fk_attrs);
  const targets = key.pk_attrs?.length
    ? stringsOf(key.pk_attrs)
    : (await primaryKeyOf(context, key.pktable!)).map(({ name }) => name);
  const areThere = columns.every(
    (column) => columnOf(table, column) !== undefined || made.hasFilled(relation, column),
  );
  if (other === undefined || key.fk_matchtype === 'f' || targets.length !== columns.length || !areThere)
    return [];
  const isGiven = columns.map((column) => `r.${escapeIdentifier(column)} is not null`).join(' and ');
  const isPartner = columns
    .map((column, index) => `o.${escapeIdentifier(targets[index]!)} = r.${escapeIdentifier(column)}`)
    .join(' and ');
  const query =
    `select ${await rowLabel(context, relation, 'r')} as found from ${fromOf(table)} r ` +
    `where ${isGiven} and not exists (select from ${other} o where ${isPartner}) limit ${MOST_ROWS}`;
  return [
    find(
      query,
      [table.name, other],
      `Rows of ${table.name} have no partner in ${other}: correct or delete them.`,
    ),
  ];
}
