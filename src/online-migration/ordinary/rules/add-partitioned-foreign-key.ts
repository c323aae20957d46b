import type { Constraint } from 'libpg-query';
import { escapeIdentifier } from 'pg';
import { writeStatement } from '../../sql/write-statement.ts';
import { chooseName } from '../planning/choose-name.ts';
import { findOrphans } from '../planning/orphans.ts';
import { type Partition, readPartitions } from '../planning/partitions.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { Rule, RuleContext } from '../planning/rule.ts';
import { locked, onPartition, type Step, validate } from '../planning/step.ts';
import {
  addedConstraint,
  onTable,
  stringsOf,
  tableCommandOf,
  withCommands,
} from '../planning/table-command.ts';
import { asWritten, NOT_WRITTEN, tableInUse } from '../planning/verdicts.ts';

/** From this version on, a foreign key of a partitioned table may be NOT VALID. */
const NOT_VALID_ON_PARTITIONED = 180_000;

/**
 * `add foreign key` on a partitioned table, up to PostgreSQL 17: SHARE ROW EXCLUSIVE on all partitions and on the other table while every
 * row is looked up.
 *
 * 1. Find rows without a partner, and refuse if there are some.
 * 2. For each partition that stores rows: add the foreign key NOT VALID, and validate it beside the traffic.
 * 3. Add it to the partitioned table. PostgreSQL takes those of the partitions and reads nothing.
 */
export const addPartitionedForeignKey: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  const key = alter && addedConstraint(alter);
  if (alter === undefined || key?.contype !== 'CONSTR_FOREIGN' || key.pktable === undefined) return undefined;
  if (context.catalog.serverVersion >= NOT_VALID_ON_PARTITIONED || key.skip_validation) return undefined;
  const table = await tableInUse(alter.table, context);
  if (table?.kind !== 'p') return undefined;
  if (context.replaces !== undefined) {
    return {
      kind: 'refused',
      reason: 'it replaces a foreign key of a partitioned table by another of the same name',
      instead: 'add it under another name, and drop the old one in a later statement',
    };
  }
  const partitions = await readPartitions(context, alter.table);
  // PostgreSQL refuses it at once.
  if (partitions.some(({ kind }) => kind === 'f')) return asWritten(table.name);
  const { catalog, parser } = context;
  const referenced = nameOf(key.pktable);
  const conname =
    key.conname ?? (await chooseName(context, alter.table, [...stringsOf(key.fk_attrs), 'fkey']));
  const adding = (constraint: Constraint) => ({ ...alter.command, def: { Constraint: constraint } });
  const asItIs = writeStatement(parser, withCommands(alter, adding({ ...key, conname })));
  if (asItIs === null) return NOT_WRITTEN;
  const steps: Step[] = [];
  for (const partition of partitions) {
    if (partition.kind !== 'r' || partition.isMade || (await catalog.hasForeignKey(partition.name, key)))
      continue;
    const own = await nameOn(context, partition, conname, stringsOf(key.fk_attrs));
    const notValid = adding({ ...key, conname: own, skip_validation: true, initially_valid: false });
    const onPart = tableCommandOf({ ...statement, tree: onTable(alter, partition.relation) })!;
    const making = [
      locked(
        writeStatement(parser, withCommands(onPart, notValid))!,
        [partition.name, referenced],
        'SHARE ROW EXCLUSIVE',
      ),
      validate(`alter table ${partition.name} validate constraint ${escapeIdentifier(own)}`, partition.name),
    ];
    steps.push(...making.map((step) => onPartition(step, partition.parent!, partition.name)));
  }
  return {
    kind: 'steps',
    reason: 'it looks up every row while nobody can write to either table',
    steps: [
      ...(await findOrphans(alter, key, table, context)),
      ...steps,
      // It replaces the triggers on the other table.
      locked(asItIs, [table.name, referenced]),
    ],
  };
};

/** The name that PostgreSQL gives the foreign key of a partition. */
async function nameOn(
  context: RuleContext,
  { name, relation }: Partition,
  conname: string,
  columns: readonly string[],
): Promise<string> {
  return (await context.catalog.hasConstraint(name, conname))
    ? chooseName(context, relation, [...columns, 'fkey'])
    : conname;
}
