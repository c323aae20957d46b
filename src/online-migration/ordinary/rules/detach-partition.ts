import type { RangeVar } from 'libpg-query';
import { escapeIdentifier } from 'pg';
import { asKind } from '../../sql/statements.ts';
import type { PartitionPlace } from '../planning/catalog.ts';
import { nameOfPostgres } from '../planning/choose-name.ts';
import { defaultPartitionOf } from '../planning/new-partition.ts';
import { outsideStep } from '../planning/outside-step.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { Rule, RuleContext } from '../planning/rule.ts';
import { detachPartition as detachingPartition, locked } from '../planning/step.ts';
import { tableCommandOf } from '../planning/table-command.ts';
import { onFreeTable, tableInUse } from '../planning/verdicts.ts';

/**
 * `detach partition`: ACCESS EXCLUSIVE on the partitioned table and on the partition. Short, but every reader waits behind the request.
 *
 * 1. `detach partition … concurrently`, with a lock timeout. It waits for transactions that are older, and blocks neither reads nor writes
 *    of the partitioned table. If it has timed out, or was interrupted: `finalize`, with a lock timeout, until it succeeds.
 * 2. Drop the check that PostgreSQL adds to the partition then.
 *
 * With a default partition PostgreSQL cannot do that, and the statement runs as it is. A foreign key to the partitioned table is refused,
 * because PostgreSQL looks up all rows that refer to the partition.
 */
export const detachPartition: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  const command =
    alter?.command.subtype === 'AT_DetachPartition' ? asKind(alter.command.def, 'PartitionCmd') : undefined;
  if (alter === undefined || command?.name === undefined) return undefined;
  const parent = await tableInUse(alter.table, context);
  const { catalog, made } = context;
  const [whole, part] = [made.inCatalog(alter.table), made.inCatalog(command.name)];
  const partition = await catalog.readTable(part);
  if (parent === undefined) return onFreeTable(alter.table, context);
  const relations = [parent.name, partition?.name ?? nameOf(command.name)];
  const referring = await catalog.findReferringTable(whole);
  if (referring !== undefined) {
    return {
      kind: 'refused',
      reason: `all rows of ${referring} that refer to the partition are looked up while nobody can write to ${referring}`,
      instead: `drop the foreign key of ${referring} first`,
    };
  }
  const place = await catalog.readPartitionPlace(whole, part);
  const hasDefault = (await defaultPartitionOf(alter.table, context)) !== undefined;
  if (partition === null || place === null || hasDefault) {
    return {
      kind: 'steps',
      reason: 'it locks the table, and with a default partition there is no other way',
      steps: [command.concurrent ? await outsideStep(statement, context) : locked(statement.text, relations)],
    };
  }
  const check = await nameOfCheck(context, command.name, place);
  const detach = detachingPartition(
    `alter table ${parent.name} detach partition ${nameOf(command.name)} concurrently`,
    parent.name,
    nameOf(command.name),
    relations,
  );
  return {
    kind: 'steps',
    reason: 'every reader of the table would wait behind the request for the lock',
    steps:
      check === undefined || command.concurrent
        ? [detach]
        : [
            detach,
            locked(
              `alter table ${nameOf(command.name)} drop constraint if exists ${escapeIdentifier(check)}`,
              [partition.name],
            ),
          ],
  };
};

/** The name of the check that PostgreSQL adds, so that its rows stay those of the partition. */
async function nameOfCheck(
  context: RuleContext,
  relation: RangeVar,
  { condition }: PartitionPlace,
): Promise<string | undefined> {
  if (condition === null) return undefined;
  const add = `alter table a add check (${condition})`;
  const tree = asKind(context.parser.parseSync(add).stmts?.[0]?.stmt, 'AlterTableStmt');
  return (
    tree && nameOfPostgres(context, relation, (trial) => ({ AlterTableStmt: { ...tree, relation: trial } }))
  );
}
