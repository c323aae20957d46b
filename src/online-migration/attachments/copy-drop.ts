import { escapeIdentifier } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';
import { EMPTY_PLAN, type LockedPlan } from '../postgres/exclusive-lock.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { otherSide, type Side } from '../sync/filled-column.ts';
import { type Copies, readAttachmentsAndCopies } from './attachments.ts';
import { areNone, compareCopies } from './copies.ts';
import { dropPieces } from './foreign-key-pieces.ts';
import { otherEnds } from './foreign-keys.ts';
import { dropPartitionedMirror, readIndexPartitions } from './index-partitions.ts';
import { mirrorName } from './table-column.ts';

/** Plans how one side's copies of the other side's attachments are dropped. */
export async function planMirrorDrop(
  database: Queryable,
  change: ColumnChange,
  side: Side,
): Promise<LockedPlan> {
  const { table } = changeNamesOf(change);
  const { own: originals, mirrors } = await readAttachmentsAndCopies(database, change, otherSide(side));
  return {
    statements: await dropStatements(database, table, mirrors, originals),
    ...otherEnds([...mirrors.foreignKeys, ...originals.foreignKeys.filter((key) => key.isPartitioned)]),
  };
}

/** Plans how one side's copies are dropped whose original was dropped, renamed or replaced in the meantime. */
export async function planOutdatedDrop(
  database: Queryable,
  change: ColumnChange,
  side: Side,
): Promise<LockedPlan> {
  const { own, mirrors } = await readAttachmentsAndCopies(database, change, otherSide(side));
  const { outdated } = compareCopies(own, mirrors);
  if (areNone(outdated)) return EMPTY_PLAN;
  const indexes = own.indexes.filter(({ name }) =>
    outdated.indexes.some((copy) => copy.name === mirrorName(name)),
  );
  return {
    statements: await dropStatements(database, changeNamesOf(change).table, outdated, {
      indexes,
      foreignKeys: [],
    }),
    ...otherEnds(outdated.foreignKeys),
  };
}

/**
 * The statements that drop copies.
 * @param table quoted
 * @param originals the indexes and foreign keys whose copies are dropped; those of partitioned tables may be in pieces
 */
export async function dropStatements(
  database: Queryable,
  table: string,
  { indexes, checks, foreignKeys }: Copies,
  originals: Pick<Copies, 'indexes' | 'foreignKeys'>,
): Promise<string[]> {
  const partitioned: string[] = [];
  for (const { schema, name } of originals.indexes.filter((index) => index.isPartitioned)) {
    partitioned.push(
      ...(await dropPartitionedMirror(database, await readIndexPartitions(database, schema, name))),
    );
  }
  const pieces: string[] = [];
  for (const key of originals.foreignKeys) pieces.push(...(await dropPieces(database, key)));
  return [
    ...pieces,
    ...foreignKeys.map(
      ({ owner, name }) => `alter table ${owner} drop constraint if exists ${escapeIdentifier(name)}`,
    ),
    ...partitioned,
    ...indexes.map(({ schema, name }) => `drop index if exists ${schema}.${escapeIdentifier(name)}`),
    ...checks.map(({ name }) => `alter table ${table} drop constraint ${escapeIdentifier(name)}`),
  ];
}
