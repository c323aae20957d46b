import { asKind } from '../../sql/statements.ts';
import { defaultPartitionWithRows, OUTSIDE_OF_NEW } from '../planning/new-partition.ts';
import { type Proof, provenBy } from '../planning/proven-condition.ts';
import type { Rule, Verdict } from '../planning/rule.ts';
import { locked } from '../planning/step.ts';
import { tableCommandOf } from '../planning/table-command.ts';
import { asWritten, onFreeTable, tableInUse } from '../planning/verdicts.ts';

/**
 * `attach partition`: ACCESS EXCLUSIVE on the partition, and on the default partition, while all their rows are checked.
 *
 * 1. PostgreSQL gives the condition of the partition's rows: the partition is attached to a trial table, which is rolled back.
 * 2. Find rows that violate it, and refuse if there are some.
 * 3. Add a check of the condition NOT VALID, and validate it. The default partition gets one of the opposite.
 * 4. `attach partition`. PostgreSQL takes the checks' word and reads nothing.
 * 5. Drop the checks.
 */
export const attachPartition: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  const command =
    alter?.command.subtype === 'AT_AttachPartition' ? asKind(alter.command.def, 'PartitionCmd') : undefined;
  if (alter === undefined || command?.name === undefined) return undefined;
  const table = await tableInUse(command.name, context);
  const parent = await tableInUse(alter.table, context);
  if (table === undefined && parent === undefined) return onFreeTable(alter.table, context);
  const partition = table?.name;
  if (table !== undefined && (table.kind !== 'r' || command.bound?.is_default))
    return refused(
      'its rows are checked while nobody can use it',
      'attach an empty table, and move the rows in batches',
    );
  const attached = await context.catalog.readAttachment(alter.table, command);
  if (attached === null) return undefined;
  if (table !== undefined && !attached.hasIndexes) {
    return refused(
      'an index of the partitioned table is missing on it, and would be built while nobody can use it',
      `create the index on ${table.name} first, with \`create index\``,
    );
  }
  if (table !== undefined && (await context.catalog.lacksForeignKeys(alter.table, command.name))) {
    return refused(
      'a foreign key of the partitioned table is missing on it, and all rows would be looked up while nobody can write to them',
      `add the foreign key to ${table.name} first`,
    );
  }
  const proven: Proof[] = [];
  if (partition !== undefined) {
    const one = { relation: command.name, table: partition };
    proven.push(await provenBy(context, one, attached.condition, 'in the range of the partition'));
  }
  const other = await defaultPartitionWithRows(alter.table, context);
  if (other !== undefined)
    proven.push(await provenBy(context, other, `not (${attached.condition})`, OUTSIDE_OF_NEW));
  if (proven.length === 0) return asWritten(...(parent === undefined ? [] : [parent.name]));
  return {
    kind: 'steps',
    reason: 'it checks all rows of the partition, and of the default partition, while nobody can use them',
    steps: [
      ...proven.flatMap(({ steps }) => steps),
      locked(
        statement.text,
        proven.map((one) => one.table),
      ),
      ...proven.map(({ drop }) => drop),
    ],
  };
};

function refused(reason: string, instead: string): Verdict {
  return { kind: 'refused', reason, instead };
}
