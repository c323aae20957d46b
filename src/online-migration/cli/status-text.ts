import { stripVTControlCharacters } from 'node:util';
import { ABANDONED, type Unfinished } from '../backfill/unfinished.ts';
import type { BackfillProgress } from '../backfill/plan/progress.ts';
import { PAUSED_BY_HAND } from '../backfill/throttle/throttle-check.ts';
import type { LockHold } from '../state/lock-holds.ts';
import type { ActiveStatement } from '../observation/active-statements.ts';
import type { FillStatus } from '../observation/fills.ts';
import type { LockWait } from '../observation/lock-waits.ts';
import type { TableSize } from '../observation/table-size.ts';
import type { Presence } from '../follow/presence.ts';
import type { Overview } from '../observation/overview.ts';
import { rejectsText, rowCount, rowsOf } from '../change/row-count.ts';

const MEBIBYTE = 1024 * 1024;
const LABEL_WIDTH = 15;

/** The overview, the work that the backfill has left, and the statements of other sessions: they can contain data, so only a person at a terminal sees them. */
export interface WatchedStatus extends Overview, Unfinished {
  readonly statements: readonly ActiveStatement[];
  /** The fills of ordinary migrations, of all tables. */
  readonly fills: readonly FillStatus[];
}

/** The status as lines for people. */
export function describeStatus(status: WatchedStatus): string[] {
  const { activeColumn, backfill, catalog, size } = status;
  return [
    labelled('Stage', stageText(status)),
    labelled('Active column', activeColumn),
    labelled('Backfill', backfillText(backfill, status)),
    ...leftLines(status),
    labelled('Table', sizeText(size)),
    ...section('Columns', catalog.columns.map(printable)),
    labelled('Triggers', catalog.triggers.map(printable).join(', ') || 'none'),
    ...(catalog.checks.length === 0 ? [] : [labelled('Checks', catalog.checks.map(printable).join(', '))]),
    ...section('Processes', status.processes.map(processText)),
    ...section('At work', status.statements.map(statementText)),
    ...section('Lock waits', status.lockWaits.flatMap(waitText)),
    ...section('Locks held', status.lockHolds.map(holdText)),
    ...(status.fills.length === 0 ? [] : describeFills(status.fills)),
  ];
}

/** The fills of ordinary migrations as lines for people. */
export function describeFills(fills: readonly FillStatus[]): string[] {
  return section('Fills', fills.flatMap(fillText));
}

function fillText({ migration, progress, isPaused, isAbandoned }: FillStatus): string[] {
  const pausedFor = isPaused ? PAUSED_BY_HAND : progress.pausedFor;
  const text = underWay({ ...progress, pausedFor }, isAbandoned);
  return [`${printable(migration)}: ${text}`, ...(isAbandoned ? [`  ${ABANDONED}`] : [])];
}

function stageText({ stage, stages }: WatchedStatus): string {
  const place = stages.indexOf(stage);
  return place === -1
    ? `${stage}, the way back of contract is not finished`
    : `${stage} (${place + 1} of ${stages.length})`;
}

function labelled(label: string, text: string): string {
  return label.padEnd(LABEL_WIDTH) + text;
}

/** The first entry is beside the label, the others are below it. */
function section(label: string, entries: readonly string[]): string[] {
  const [first = 'none', ...others] = entries;
  return [labelled(label, first), ...others.map((entry) => labelled('', entry))];
}

/** The work that is left for a person, in lines that fit in 80 columns. */
function leftLines({ isAbandoned, rejects }: Unfinished): string[] {
  const rejectLines = rejects === null || rejects === 0 ? [] : rejectsText(rejects).split(/ (?=\()/);
  return [...(isAbandoned ? [ABANDONED] : []), ...rejectLines].map((line) => labelled('', line));
}

function backfillText(
  progress: BackfillProgress | null,
  { stage, stages, isAbandoned }: WatchedStatus,
): string {
  if (progress === null) {
    if (!stages.includes('backfilled')) return 'not needed';
    return stage === 'contracted' || stage === 'renamed' ? 'not needed any more' : 'none has begun';
  }
  const { direction, rowsDone, finished } = progress;
  const way = direction === 'forward' ? '' : ', on the way back';
  if (finished) return `finished, ${rowsOf(rowsDone)}${way}`;
  return underWay(progress, isAbandoned, way);
}

function underWay(
  { rowsDone, rowsTotal, percent, rowsPerSecond, etaSeconds, pausedFor }: BackfillProgress,
  isAbandoned: boolean,
  way = '',
): string {
  const done = `${percent.toFixed(1)} %, ${rowCount(rowsDone)} of ${rowsOf(rowsTotal)}${way}`;
  if (isAbandoned) return done;
  return pausedFor === null
    ? `${done}, ${rowCount(rowsPerSecond)} rows/s, ${etaSeconds === null ? 'time left unknown' : `${rowCount(etaSeconds)} s left`}`
    : `${done}, waits: ${pausedFor}`;
}

function sizeText(size: TableSize | null): string {
  if (size === null) return 'locked, its size cannot be read now';
  const { heapBytes, indexBytes, estimatedRows } = size;
  return `${megabytes(heapBytes)}, indexes ${megabytes(indexBytes)}, about ${rowsOf(estimatedRows)}`;
}

function processText({ process, form, address }: Presence): string {
  return `${process} uses the ${form} column${address === null ? '' : `, from ${address}`}`;
}

function statementText({ pid, application, state, seconds, waitsFor, statement }: ActiveStatement): string {
  const wait = waitsFor === null ? '' : `, waits for ${waitsFor}`;
  return `${pid} ${quoted(application)} ${state} ${seconds.toFixed(1)} s${wait}: ${printable(statement)}`;
}

function waitText({ pid, application, mode, target, seconds, holders }: LockWait): string[] {
  const waits = `${pid} ${quoted(application)} waits ${seconds.toFixed(1)} s for ${mode} on ${target}`;
  return [
    waits,
    ...holders.map(
      (holder) =>
        `  behind ${holder.pid} ${quoted(holder.application)}, ${holder.state}, ` +
        `in its transaction for ${holder.seconds.toFixed(1)} s`,
    ),
  ];
}

function holdText({ purpose, mode, milliseconds }: LockHold): string {
  return `${milliseconds.toFixed(1).padStart(8)} ms ${mode}: ${purpose}`;
}

function megabytes(bytes: number): string {
  return `${rowCount(bytes / MEBIBYTE)} MB`;
}

function quoted(name: string): string {
  return `"${printable(name)}"`;
}

/** Whoever runs a statement chooses its text, and must not control the reader's terminal. */
function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\p{Cc}/gu, ' ');
}

/** Cuts a line that is longer than the columns of the output. */
export function fitted(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, columns - 1)}…`;
}
