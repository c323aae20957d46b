import type { PartitionCmd, RangeVar } from 'libpg-query';
import { escapeLiteral } from 'pg';
import { rolledBack } from '../../postgres/rolled-back.ts';
import { writeStatement } from '../../sql/write-statement.ts';
import type { Attachment } from '../planning/catalog.ts';
import { nameOf } from '../planning/relation-names.ts';
import { TRIAL, trialPartition } from './trial-partition.ts';
import type { Asked } from './trial-table.ts';

/** Attaches an empty table of the same columns and indexes to an empty partitioned one; null if PostgreSQL refuses it. */
export async function attachedOnTrial(
  { database, parser }: Asked,
  parent: RangeVar,
  command: PartitionCmd,
): Promise<Attachment | null> {
  const attach = writeStatement(parser, {
    AlterTableStmt: {
      relation: trialPartition('parent'),
      cmds: [
        {
          AlterTableCmd: {
            subtype: 'AT_AttachPartition',
            def: { PartitionCmd: { ...command, name: trialPartition('partition') } },
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
  const onTrial = async () => {
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
  };
  return rolledBack(database, onTrial).catch(() => null);
}
