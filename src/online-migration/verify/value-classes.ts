import type { ValuesClassified } from '../change/events.ts';
import { isValueError } from '../backfill/batch/row-error.ts';
import { nextBatchRows } from './batch-rows.ts';
import { findLeaves } from '../postgres/partition-tree.ts';
import type { ChangedColumn } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { type FaithfulConversion, faithfulConversion } from '../sync/faithful-conversion.ts';
import { namesOf } from '../change/names.ts';
import {
  type Batch,
  classifyBatch,
  readFailedRow,
  SAMPLES,
  type ValueClass,
  type ValueGroup,
} from './value-classes-batch.ts';
import { type Slice, walkOf } from './value-classes-walk.ts';

/** Target duration of a statement. It keeps snapshots short and stays far below the timeouts. */
const BATCH_MS = 1_000;
/** Values can be megabytes each. */
const FIRST_BATCH_ROWS = 200;

/**
 * Classifies all values of the old column before anything is changed. It reads in batches by key, or by place if the
 * table has none. It writes nothing and needs no object of the package. If the conversion raises an error, it finds
 * the value by halving the batch.
 * @param emit receives an event after each batch, with the number of rows checked so far
 * @param signal ends the reading between two batches
 * @returns the groups, the class with the most work first, the largest group first within a class
 */
export async function classifyValues(
  database: Queryable,
  change: ChangedColumn,
  emit: (event: ValuesClassified) => void,
  signal?: AbortSignal,
): Promise<ValueGroup[]> {
  const { change: name, table } = namesOf(change);
  const { name: column } = change.oldColumn;
  const leaves = await findLeaves(database, table);
  const rowsTotal = leaves.reduce((sum, leaf) => sum + leaf.rows, 0);
  const conversion = await faithfulConversion(database, change);
  const walk = walkOf(change, leaves);
  const groups = new Map<string, ValueGroup>();
  let rowsRead = 0;
  let batchRows = FIRST_BATCH_ROWS;
  for (let slice = walk.next(batchRows); slice !== null; slice = walk.next(batchRows)) {
    signal?.throwIfAborted();
    const began = performance.now();
    const batch = await classifySlice(database, change, conversion, slice);
    if (batch === null) {
      batchRows = Math.ceil(batchRows / 2);
      continue;
    }
    const rows = batch.groups.reduce((sum, group) => sum + group.rows, 0);
    for (const group of batch.groups) merge(groups, group);
    walk.advance(slice, rows, batch.lastKey);
    rowsRead += rows;
    emit({
      type: 'values-classified',
      change: name,
      column,
      rows: rowsRead,
      rowsTotal,
      message: `preflight: ${rowsRead.toLocaleString('en-US')} rows checked${change.columns.length === 1 ? '' : `, column ${column}`}`,
    });
    batchRows = batch.groups.some(({ error }) => error !== undefined)
      ? 1
      : nextBatchRows(batchRows, performance.now() - began, BATCH_MS);
  }
  const order: ValueClass[] = ['reject', 'kept', 'null', 'rebuildable'];
  return [...groups.values()].toSorted(
    (a, b) => order.indexOf(a.valueClass) - order.indexOf(b.valueClass) || b.rows - a.rows,
  );
}

/** Null if one of several values raises an error. */
async function classifySlice(
  database: Queryable,
  change: ChangedColumn,
  conversion: FaithfulConversion,
  slice: Slice,
): Promise<Batch | null> {
  try {
    return await classifyBatch(database, change, conversion, slice);
  } catch (error) {
    if (!isValueError(error)) throw error;
    return slice.rows > 1 ? null : await readFailedRow(database, change, slice, error.message);
  }
}

function merge(groups: Map<string, ValueGroup>, group: ValueGroup): void {
  const id = `${group.valueClass} ${group.error === undefined ? 'is' : 'raises'} ${group.form}`;
  const known = groups.get(id);
  if (known === undefined) {
    groups.set(id, group);
    return;
  }
  known.rows += group.rows;
  known.samples.push(...group.samples.slice(0, SAMPLES - known.samples.length));
}
