import type { Node, RangeVar } from 'libpg-query';
import { escapeIdentifier } from 'pg';
import { rolledBack } from '../../postgres/rolled-back.ts';
import { writeStatement } from '../../sql/write-statement.ts';
import { TRIAL, trialPartition } from './trial-partition.ts';
import type { Asked } from './trial-table.ts';

interface IndexOfPartition {
  /** Schema and name, quoted. */
  readonly name: string;
  /** As in the catalog. */
  readonly relname: string;
  /** Whether it is valid, and belongs to no index of the partitioned table. */
  readonly isOwn: boolean;
}

interface PartitionOnTrial {
  /** The key of the table that it belongs to. */
  readonly key: string;
  readonly bound: string;
  readonly indexes: readonly IndexOfPartition[];
}

/**
 * Finds the valid index of a partition that PostgreSQL would take for a new index of the partitioned table, instead of building one.
 * PostgreSQL is asked on empty tables with the same indexes, which are rolled back.
 *
 * @param partition schema and name, quoted
 * @param onTable the statement that makes the new index, for another table
 * @param isDropped whether an earlier statement of the migration drops the index
 * @returns the index's schema and name, quoted; undefined if it would build one
 */
export async function findEqualIndex(
  { database, parser }: Asked,
  partition: string,
  onTable: (trial: RangeVar) => Node,
  isDropped: (index: string) => boolean,
): Promise<string | undefined> {
  const { rows } = await database.query<PartitionOnTrial>(
    `
    select pg_get_partkeydef(h.inhparent) as key, pg_get_expr(c.relpartbound, c.oid) as bound, array(
      select jsonb_build_object(
        'name', format('%I.%I', n.nspname, x.relname), 'relname', x.relname,
        'isOwn', i.indisvalid and not exists (select from pg_catalog.pg_inherits up where up.inhrelid = i.indexrelid)
      )
      from pg_catalog.pg_index i
      join pg_catalog.pg_class x on x.oid = i.indexrelid
      join pg_catalog.pg_namespace n on n.oid = x.relnamespace
      where i.indrelid = c.oid and i.indislive
      order by i.indexrelid
    ) as indexes
    from pg_catalog.pg_class c
    join pg_catalog.pg_inherits h on h.inhrelid = c.oid
    where c.oid = to_regclass($1)`,
    [partition],
  );
  const [found] = rows;
  const isUsable = (index: IndexOfPartition) => index.isOwn && !isDropped(index.relname);
  const statement = writeStatement(parser, onTable(trialPartition('parent')));
  if (statement === null || !found?.indexes.some(isUsable)) return undefined;
  const { key, bound, indexes } = found;
  const onTrial = async () => {
    await database.query(`create temporary table ${TRIAL.parent} (like ${partition}) partition by ${key}`);
    await database.query(`create temporary table ${TRIAL.partition} (like ${partition} including indexes)`);
    // The copies are made in the order of the indexes.
    const { rows: copies } = await database.query<IndexOfTrial>(INDEXES_OF_TRIAL);
    for (const [place, copy] of copies.entries()) {
      if (isUsable(indexes[place]!)) continue;
      await database.query(dropOf(copy));
    }
    await database.query(
      `alter table pg_temp.${TRIAL.parent} attach partition pg_temp.${TRIAL.partition} ${bound}`,
    );
    await database.query(statement);
    const { rows: after } = await database.query<IndexOfTrial>(INDEXES_OF_TRIAL);
    const taken = after.find(({ isTaken }) => isTaken);
    const place = copies.findIndex((copy) => copy.name === taken?.name);
    return place < 0 ? undefined : indexes[place]!.name;
  };
  // A trial that fails has no answer.
  return rolledBack(database, onTrial).catch(() => undefined);
}

/** The indexes of the trial, in the order in which they were made. */
const INDEXES_OF_TRIAL = `
  select c.relname as name, n.conname as constraint,
    exists (select from pg_catalog.pg_inherits up where up.inhrelid = c.oid) as "isTaken"
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  left join pg_catalog.pg_constraint n on n.conindid = c.oid and n.conrelid = i.indrelid and n.contype in ('p', 'u', 'x')
  where i.indrelid = 'pg_temp.${TRIAL.partition}'::regclass
  order by c.oid`;

interface IndexOfTrial {
  readonly name: string;
  readonly constraint: string | null;
  readonly isTaken: boolean;
}

function dropOf({ name, constraint }: IndexOfTrial): string {
  return constraint === null
    ? `drop index pg_temp.${escapeIdentifier(name)}`
    : `alter table pg_temp.${TRIAL.partition} drop constraint ${escapeIdentifier(constraint)}`;
}
