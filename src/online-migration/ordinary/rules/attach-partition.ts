import type { PartitionCmd, RangeVar } from 'libpg-query';
import { escapeIdentifier, escapeLiteral } from 'pg';
import { asKind } from '../../sql/statements.ts';
import { writeStatement } from '../../sql/write-statement.ts';
import { chooseName } from '../planning/choose-name.ts';
import { nameOf } from '../planning/relation-names.ts';
import { MOST_ROWS, rowLabel } from '../planning/row-label.ts';
import type { Rule, RuleContext, Verdict } from '../planning/rule.ts';
import { find, locked, type Step, validate } from '../planning/step.ts';
import { tableCommandOf } from '../planning/table-command.ts';
import { asWritten, onFreeTable, tableInUse } from '../planning/verdicts.ts';

const TRIAL = { parent: 'online_migration_trial', partition: 'online_migration_trial_partition' };

/** The attached table as PostgreSQL sees it on a trial. */
interface Attached {
  /** The condition of its rows. */
  readonly condition: string;
  /** Whether it has an index for each of the partitioned table. */
  readonly hasIndexes: boolean;
}

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
  const attached = await attachedOnTrial(alter.table, command, context);
  if (attached === null) return undefined;
  if (table !== undefined && !attached.hasIndexes) {
    return refused(
      'an index of the partitioned table is missing on it, and would be built while nobody can use it',
      `create the index on ${table.name} first, with \`create index\``,
    );
  }
  if (table !== undefined && (await lacksForeignKeys(alter.table, table.name, context))) {
    return refused(
      'a foreign key of the partitioned table is missing on it, and all rows would be looked up while nobody can write to them',
      `add the foreign key to ${table.name} first`,
    );
  }
  const proven: { readonly table: string; readonly check: string; readonly steps: readonly Step[] }[] = [];
  if (partition !== undefined)
    proven.push(
      await provenBy(context, command.name, partition, attached.condition, 'in the range of the partition'),
    );
  const other = await defaultPartition(alter.table, context);
  if (other !== undefined) {
    const [schemaname, relname] = [other.schema, other.name];
    const opposite = `not (${attached.condition})`;
    proven.push(
      await provenBy(
        context,
        { schemaname, relname },
        other.quoted,
        opposite,
        'outside of the range of the new partition',
      ),
    );
  }
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
      ...proven.map((one) => locked(`alter table ${one.table} drop constraint ${one.check}`, [one.table])),
    ],
  };
};

function refused(reason: string, instead: string): Verdict {
  return { kind: 'refused', reason, instead };
}

/** The steps after which a check proves a condition of all rows. */
async function provenBy(
  context: RuleContext,
  relation: RangeVar,
  table: string,
  condition: string,
  meaning: string,
) {
  const check = escapeIdentifier(await chooseName(context, relation, ['online_check']));
  const query =
    `select ${await rowLabel(context, relation, 'r')} as found from ${table} r ` +
    `where not (${condition}) limit ${MOST_ROWS}`;
  return {
    table,
    check,
    steps: [
      find(query, [table], `Rows of ${table} are not ${meaning}: move them.`),
      locked(`alter table ${table} add constraint ${check} check (${condition}) not valid`, [table]),
      validate(`alter table ${table} validate constraint ${check}`, table),
    ],
  };
}

function trial(relname: string): RangeVar {
  return { schemaname: 'pg_temp', relname, inh: true, relpersistence: 'p' };
}

/** Attaches an empty table of the same columns and indexes to an empty partitioned one; null if PostgreSQL refuses it. */
async function attachedOnTrial(
  parent: RangeVar,
  command: PartitionCmd,
  { database, parser }: RuleContext,
): Promise<Attached | null> {
  const attach = writeStatement(parser, {
    AlterTableStmt: {
      relation: trial(TRIAL.parent),
      cmds: [
        {
          AlterTableCmd: {
            subtype: 'AT_AttachPartition',
            def: { PartitionCmd: { ...command, name: trial(TRIAL.partition) } },
            behavior: 'DROP_RESTRICT',
          },
        },
      ],
      objtype: 'OBJECT_TABLE',
    },
  });
  if (attach === null) return null;
  const indexes = `select count(*)::integer as count from pg_catalog.pg_index where indrelid = 'pg_temp.${TRIAL.partition}'::regclass`;
  const [whole, part] = [parent, command.name!].map((relation) => nameOf(relation));
  await database.query(`begin`);
  try {
    const { rows: keys } = await database.query<{ key: string }>(
      `select pg_get_partkeydef(${escapeLiteral(whole!)}::regclass) as key`,
    );
    await database.query(
      `create temporary table ${TRIAL.parent} (like ${whole} including indexes) partition by ${keys[0]!.key}`,
    );
    await database.query(`create temporary table ${TRIAL.partition} (like ${part} including indexes)`);
    const { rows: before } = await database.query<{ count: number }>(indexes);
    await database.query(attach);
    const { rows: after } = await database.query<{ count: number }>(indexes);
    const { rows } = await database.query<{ condition: string }>(
      // The condition of a hash partition names the partitioned table.
      `
      select replace(
        pg_get_partition_constraintdef('pg_temp.${TRIAL.partition}'::regclass),
        format('satisfies_hash_partition(%L::oid', 'pg_temp.${TRIAL.parent}'::regclass::oid),
        format('satisfies_hash_partition(%L::oid', $1::regclass::oid)
      ) as condition`,
      [whole],
    );
    return { condition: rows[0]!.condition, hasIndexes: before[0]!.count === after[0]!.count };
  } catch {
    return null;
  } finally {
    await database.query(`rollback`);
  }
}

async function lacksForeignKeys(
  parent: RangeVar,
  partition: string,
  { database }: RuleContext,
): Promise<boolean> {
  const { rows } = await database.query<{ lacks: boolean }>(
    `
    select exists (
      select from pg_catalog.pg_constraint f
      where f.conrelid = to_regclass($1) and f.contype = 'f' and pg_get_constraintdef(f.oid) not in (
        select pg_get_constraintdef(own.oid) from pg_catalog.pg_constraint own
        where own.conrelid = to_regclass($2) and own.contype = 'f' and own.convalidated
      )
    ) as lacks`,
    [nameOf(parent), partition],
  );
  return rows[0]!.lacks;
}

/** The default partition, if it has rows. */
async function defaultPartition(
  parent: RangeVar,
  context: RuleContext,
): Promise<{ schema: string; name: string; quoted: string } | undefined> {
  const { rows } = await context.database.query<{ schema: string; name: string }>(
    `
    select n.nspname as schema, c.relname as name
    from pg_catalog.pg_partitioned_table p
    join pg_catalog.pg_class c on c.oid = p.partdefid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where p.partrelid = to_regclass($1)`,
    [nameOf(parent)],
  );
  const [found] = rows;
  if (found === undefined) return undefined;
  const table = await tableInUse({ schemaname: found.schema, relname: found.name }, context);
  return table && { ...found, quoted: table.name };
}
