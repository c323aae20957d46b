import { escapeIdentifier } from 'pg';
import { nameOf } from '../planning/relation-names.ts';
import type { Rule, Verdict } from '../planning/rule.ts';
import { locked, validate } from '../planning/step.ts';
import {
  addedConstraint,
  droppingCommands,
  stringsOf,
  tableCommandOf,
  withCommands,
} from '../planning/table-command.ts';
import { findOrphans } from '../planning/orphans.ts';
import { asWritten, onFreeTable, tableInUse, written } from '../planning/verdicts.ts';
import { chooseName } from '../planning/choose-name.ts';

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
  const conname =
    key.conname ?? (await chooseName(context, alter.table, [...stringsOf(key.fk_attrs), 'fkey']));
  const notValid = { ...key, conname, skip_validation: true, initially_valid: false };
  const orphans = await findOrphans(alter, key, table, context);
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
