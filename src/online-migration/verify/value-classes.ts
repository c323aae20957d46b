import type { ValuesClassified } from '../change/events.ts';
import { isValueError } from '../backfill/batch/row-error.ts';
import { nextBatchRows } from './batch-rows.ts';
import { readOrderSchemas } from './key-order.ts';
import { findLeaves } from '../postgres/partition-tree.ts';
import { changedColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { faithfulConversion } from '../sync/faithful-conversion.ts';
import { changeNamesOf } from '../change/names.ts';
import {
  type Batch,
  type Classified,
  classifyBatch,
  type ColumnValues,
  readFailedRow,
  SAMPLES,
  type ValueClass,
} from './value-classes-batch.ts';
import { type Slice, walkOf } from './value-classes-walk.ts';

/** Target duration of a statement. It keeps snapshots short and stays far below the timeouts. */
const BATCH_MS = 1_000;
/** Values can be megabytes each. */
const FIRST_BATCH_ROWS = 200;

/**
 * Classifies all values of the old columns before anything is changed. It reads each row once, in batches by key, or by place
 * if the table has none. It writes nothing and needs no object of the package. If a conversion raises an error, it finds
 * the value by halving the batch.
 * @param emit receives an event after each batch, with the number of rows checked so far
 * @param signal ends the reading between two batches
 * @returns the groups: the columns in the order of the declaration, then the class with the most work first, then the largest
 *   group first
 */
export async function classifyValues(
  database: Queryable,
  change: ColumnChange,
  emit: (event: ValuesClassified) => void,
  signal?: AbortSignal,
): Promise<ColumnValues[]> {
  const { change: name, table } = changeNamesOf(change);
  const leaves = await findLeaves(database, table);
  const rowsTotal = leaves.reduce((sum, leaf) => sum + leaf.rows, 0);
  const columns: Classified[] = [];
  for (const column of changedColumnsOf(change)) {
    columns.push({ column, conversion: await faithfulConversion(database, column) });
  }
  const walk = walkOf(change, leaves, await readOrderSchemas(database, change));
  const groups = new Map<string, ColumnValues>();
  let rowsRead = 0;
  let batchRows = FIRST_BATCH_ROWS;
  for (let slice = walk.next(batchRows); slice !== null; slice = walk.next(batchRows)) {
    signal?.throwIfAborted();
    const began = performance.now();
    const batch = await classifySlice(database, change, columns, slice);
    if (batch === null) {
      batchRows = Math.ceil(batchRows / 2);
      continue;
    }
    for (const group of batch.groups) merge(groups, group);
    walk.advance(slice, batch.rows, batch.lastKey);
    rowsRead += batch.rows;
    emit({
      type: 'values-classified',
      change: name,
      rows: rowsRead,
      rowsTotal,
      message: `preflight: ${rowsRead.toLocaleString('en-US')} rows checked`,
    });
    batchRows = batch.groups.some(({ error }) => error !== undefined)
      ? 1
      : nextBatchRows(batchRows, performance.now() - began, BATCH_MS);
  }
  const order: ValueClass[] = ['reject', 'kept', 'null', 'rebuildable'];
  const names = columns.map(({ column }) => column.oldColumn.name);
  return [...groups.values()].toSorted(
    (a, b) =>
      names.indexOf(a.column) - names.indexOf(b.column) ||
      order.indexOf(a.valueClass) - order.indexOf(b.valueClass) ||
      b.rows - a.rows,
  );
}

/** Null if one of several rows has a value that raises an error. */
async function classifySlice(
  database: Queryable,
  change: ColumnChange,
  columns: readonly Classified[],
  slice: Slice,
): Promise<Batch | null> {
  try {
    return await classifyBatch(database, change, columns, slice);
  } catch (error) {
    if (!isValueError(error)) throw error;
    if (slice.rows > 1) return null;
    const [only] = columns;
    if (columns.length === 1) return await readFailedRow(database, change, only!, slice, error.message);
    return await classifyEach(database, change, columns, slice);
  }
}

/** Classifies the only row of a slice column by column, because one of them raises an error. */
async function classifyEach(
  database: Queryable,
  change: ColumnChange,
  columns: readonly Classified[],
  slice: Slice,
): Promise<Batch> {
  const batches: Batch[] = [];
  for (const column of columns) batches.push((await classifySlice(database, change, [column], slice))!);
  const [first] = batches;
  return { ...first!, groups: batches.flatMap(({ groups }) => groups) };
}

function merge(groups: Map<string, ColumnValues>, group: ColumnValues): void {
  const id = JSON.stringify([group.column, group.valueClass, group.error === undefined, group.form]);
  const known = groups.get(id);
  if (known === undefined) {
    groups.set(id, group);
    return;
  }
  known.rows += group.rows;
  known.samples.push(...group.samples.slice(0, SAMPLES - known.samples.length));
}
