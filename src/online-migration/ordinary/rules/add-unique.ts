import { chooseName, nameOfPostgres } from '../planning/choose-name.ts';
import { constraintUsing, findDuplicates, uniqueIndexOf } from '../planning/key-index.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { Rule, Verdict } from '../planning/rule.ts';
import { columnOf } from '../planning/table-facts.ts';
import { buildIndex, locked, type Step } from '../planning/step.ts';
import {
  addedConstraint,
  onTable,
  droppingCommands,
  stringsOf,
  tableCommandOf,
  withCommands,
} from '../planning/table-command.ts';
import { onFreeTable, tableInUse, written } from '../planning/verdicts.ts';
import { notNullSteps } from './set-not-null.ts';

/**
 * `add unique`, `add primary key`: ACCESS EXCLUSIVE while the index is built.
 *
 * 1. Find values that occur twice, and refuse if there are some. For a primary key, make its columns NOT NULL.
 * 2. `create unique index concurrently`.
 * 3. `add constraint … using index`: a change of the catalog. One that replaces another of the same name is added in the statement
 *    that drops the other, which renames the index, too.
 */
export const addUnique: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  if (alter === undefined) return undefined;
  const dropping = droppingCommands(context.replaces);
  const key = addedConstraint(alter);
  if (key?.contype !== 'CONSTR_UNIQUE' && key?.contype !== 'CONSTR_PRIMARY') return undefined;
  const table = await tableInUse(alter.table, context);
  if (table === undefined) return onFreeTable(alter.table, context);
  const isPrimary = key.contype === 'CONSTR_PRIMARY';
  const columns = stringsOf(key.keys);
  const nullable = isPrimary
    ? columns.filter(
        (name) => columnOf(table, name)?.notNull !== true || context.made.hasAltered(alter.table, name),
      )
    : [];
  if (key.indexname !== undefined && nullable.length === 0 && dropping.length === 0) {
    return { kind: 'steps', reason: 'it locks the table', steps: [locked(statement.text, [table.name])] };
  }
  if (key.without_overlaps || key.indexname !== undefined) {
    return {
      kind: 'refused',
      reason: 'it builds an index, or reads the table, while nobody can use the table',
      instead: 'set the columns not null first, and build the index concurrently',
    };
  }
  const conname =
    key.conname ??
    (await nameOfPostgres(context, alter.table, (trial) => onTable(alter, trial))) ??
    (await chooseName(context, alter.table, isPrimary ? ['pkey'] : [...columns, 'key']));
  const notNull: Step[] = [];
  for (const column of nullable) notNull.push(...(await notNullSteps(context, alter.table, table, column)));
  const indexName =
    dropping.length === 0 ? conname : await chooseName(context, alter.table, [conname, 'replacement']);
  const commands = [
    ...dropping,
    { ...alter.command, def: { Constraint: constraintUsing(key, conname, indexName) } },
  ];
  return written(uniqueIndexOf(key, indexName, alter.table), context, (create) =>
    written(withCommands(alter, ...commands), context, (add): Verdict => ({
      kind: 'steps',
      reason: 'it builds an index while nobody can use the table',
      steps: [
        ...(columns.every(
          (name) => columnOf(table, name) !== undefined || context.made.hasAltered(alter.table, name),
        )
          ? [findDuplicates(table, columns, isPrimary || key.nulls_not_distinct === true)]
          : []),
        ...notNull,
        buildIndex(create, nameOf({ schemaname: table.schema, relname: indexName }), table.name),
        locked(add, [table.name]),
      ],
    })),
  );
};
