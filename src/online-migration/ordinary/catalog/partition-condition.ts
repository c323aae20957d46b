import type { PartitionBoundSpec, RangeVar } from 'libpg-query';
import { rolledBack } from '../../postgres/rolled-back.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { writeStatement } from '../../sql/write-statement.ts';
import type { PartitionPlace } from '../planning/catalog.ts';
import { nameOf } from '../planning/relation-names.ts';
import { TRIAL, trialPartition } from './trial-partition.ts';
import type { Asked } from './trial-table.ts';

/**
 * Asks PostgreSQL for the condition of the rows of a new partition: an empty one is made, and rolled back.
 * @returns null if PostgreSQL refuses it
 */
export async function conditionOfNewPartition(
  { database, parser }: Asked,
  parent: RangeVar,
  partbound: PartitionBoundSpec,
): Promise<string | null> {
  const create = writeStatement(parser, {
    CreateStmt: {
      relation: trialPartition('partition'),
      inhRelations: [{ RangeVar: trialPartition('parent') }],
      partbound,
      oncommit: 'ONCOMMIT_NOOP',
    },
  });
  if (create === null) return null;
  const whole = nameOf(parent);
  const onTrial = async () => {
    const { rows: keys } = await database.query<{ key: string }>(
      `select pg_get_partkeydef(to_regclass($1)) as key`,
      [whole],
    );
    await database.query(
      `create temporary table ${TRIAL.parent} (like ${whole}) partition by ${keys[0]!.key}`,
    );
    await database.query(create);
    const { rows } = await database.query<{ condition: string }>(
      `select pg_get_partition_constraintdef('pg_temp.${TRIAL.partition}'::regclass) as condition`,
    );
    return rows[0]!.condition;
  };
  return rolledBack(database, onTrial).catch(() => null);
}

/** Reads the place of a partition; null if it is none of this table. */
export async function readPartitionPlace(
  database: Queryable,
  parent: RangeVar,
  partition: RangeVar,
): Promise<PartitionPlace | null> {
  const { rows } = await database.query<PartitionPlace>(
    `
    select pg_get_partition_constraintdef(inhrelid) as condition
    from pg_catalog.pg_inherits where inhparent = to_regclass($1) and inhrelid = to_regclass($2)`,
    [nameOf(parent), nameOf(partition)],
  );
  return rows[0] ?? null;
}
