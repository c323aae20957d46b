import type { Constraint, Node, RangeVar } from 'libpg-query';
import { writeStatement } from '../../sql/write-statement.ts';
import { chooseName, namePartsOfPostgres } from '../planning/choose-name.ts';
import { constraintUsing, findDuplicates, uniqueIndexOf } from '../planning/key-index.ts';
import { partitionedIndexSteps } from '../planning/partitioned-index.ts';
import { equalIndexOf, type Partition, readPartitions } from '../planning/partitions.ts';
import { aloneOf, besideName } from '../planning/relation-names.ts';
import type { Rule, RuleContext } from '../planning/rule.ts';
import { buildIndex, locked, type Step } from '../planning/step.ts';
import { addedConstraint, stringsOf, tableCommandOf, withCommands } from '../planning/table-command.ts';
import { columnOf } from '../planning/table-facts.ts';
import { asWritten, NOT_WRITTEN, tableInUse } from '../planning/verdicts.ts';
import { notNullSteps } from './set-not-null.ts';

/**
 * `add unique`, `add primary key` on a partitioned table: ACCESS EXCLUSIVE on all partitions while the index of each is built.
 *
 * 1. Find values that occur twice, and refuse if there are some. For a primary key, make its columns NOT NULL.
 * 2. `alter table only … add constraint` on the partitioned table: its index is INVALID, a change of the catalog.
 * 3. For each partition, on all levels: `create unique index concurrently`, `add constraint … using index`, unless it has an equal
 *    constraint, and `alter index … attach partition`.
 */
export const addPartitionedKey: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  const key = alter && addedConstraint(alter);
  if (alter === undefined || (key?.contype !== 'CONSTR_UNIQUE' && key?.contype !== 'CONSTR_PRIMARY'))
    return undefined;
  const table = await tableInUse(alter.table, context);
  // PostgreSQL refuses an index that is there, and `only` needs no other way.
  if (table?.kind !== 'p' || key.without_overlaps) return undefined;
  if (key.indexname !== undefined || alter.table.inh !== true) return asWritten(table.name);
  if (context.replaces !== undefined) {
    return {
      kind: 'refused',
      reason: 'it replaces a key of a partitioned table by another of the same name',
      instead: 'add it under another name, and drop the old one in a later statement',
    };
  }
  const isPrimary = key.contype === 'CONSTR_PRIMARY';
  const columns = stringsOf(key.keys);
  const { conname: given, ...unnamed } = key;
  const adding = (constraint: Constraint, relation: RangeVar) =>
    withCommands(
      { ...alter, table: relation, statement: { ...alter.statement, relation } },
      {
        ...alter.command,
        def: { Constraint: constraint },
      },
    );
  const onTable = (trial: RangeVar) => adding(unnamed, trial);
  const parts = (await namePartsOfPostgres(context, alter.table, onTable)) ?? {
    columns: isPrimary ? '' : columns.join('_'),
    label: isPrimary ? 'pkey' : 'key',
  };
  const partitions = await readPartitions(context, alter.table);
  if (partitions.some(({ kind }) => kind === 'f')) return asWritten(table.name);
  if (isPrimary) {
    const other = await otherPrimaryKey(context, partitions, onTable);
    if (other !== undefined) {
      return {
        kind: 'refused',
        reason: `its partition ${other} has another primary key`,
        instead: `drop the primary key of ${other} first`,
      };
    }
  }
  const name = given ?? (await chooseName(context, alter.table, [parts.columns, parts.label]));
  const { parser } = context;
  const asItIs = writeStatement(parser, adding({ ...key, conname: name }, alter.table));
  if (asItIs === null) return NOT_WRITTEN;
  const notNull: Step[] = [];
  for (const column of isPrimary ? columns : []) {
    const isProven =
      columnOf(table, column)?.notNull === true && !context.made.hasAltered(alter.table, column);
    if (!isProven) notNull.push(...(await notNullSteps(context, alter.table, table, column)));
  }
  const making = await partitionedIndexSteps(context, partitions, {
    name,
    parts,
    onTable,
    makeOnly: ({ relation, name: only }, conname) =>
      locked(writeStatement(parser, adding({ ...key, conname }, aloneOf(relation)))!, [only]),
    make: ({ relation, name: partition }, conname) => [
      buildIndex(
        writeStatement(parser, uniqueIndexOf(key, conname, relation))!,
        besideName(relation, conname),
        partition,
      ),
      locked(writeStatement(parser, adding(constraintUsing(key, conname, conname), relation))!, [partition]),
    ],
  });
  const areThere = columns.every(
    (column) => columnOf(table, column) !== undefined || context.made.hasAltered(alter.table, column),
  );
  return {
    kind: 'steps',
    reason: 'it builds the index of every partition while nobody can use the table',
    steps: [
      ...(areThere ? [findDuplicates(table, columns, isPrimary || key.nulls_not_distinct === true)] : []),
      ...notNull,
      ...making,
    ],
  };
};

/** A partition with a primary key that the new one cannot take. */
async function otherPrimaryKey(
  context: RuleContext,
  partitions: readonly Partition[],
  onTable: (trial: RangeVar) => Node,
): Promise<string | undefined> {
  const { catalog, made } = context;
  for (const partition of partitions) {
    const own = partition.isMade ? [] : await catalog.readPrimaryKey(made.inCatalog(partition.relation));
    if (own.length === 0) continue;
    if (partition.parent === null || (await equalIndexOf(context, partition, onTable)) === undefined)
      return partition.name;
  }
  return undefined;
}
