import { pause } from '../pause.ts';
import type { Session } from '../session.ts';
import { fillBatch, isContention, STRIPES } from './batch.ts';
import { advanceRange } from './checkpoint.ts';
import { type ClaimedRange, claimRange } from './claim.ts';
import type { Fill } from './fill.ts';
import type { Gate } from './gate.ts';
import type { Meter } from './meter.ts';
import type { Pace } from './pace.ts';
import type { Range } from './plan.ts';
import type { WorkerConnection } from './worker-connection.ts';

const CONTENTION_PAUSE_MS = 100;

/** What the workers of one process share. */
export interface WorkerShare {
  readonly fill: Fill;
  readonly gate: Gate;
  readonly pace: Pace;
  readonly meter: Meter;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/**
 * Takes a range and fills it: span by span, and each span in eight stripes, one batch a stripe.
 * @param goOn asked between two spans; where it says no, the rest of the range stays for another worker
 * @returns the range as it is left
 * @throws RangeTakenError where another worker has taken the range
 */
export async function fillRange(
  connection: WorkerConnection,
  share: WorkerShare,
  rangeToTake: Range,
  goOn: () => boolean,
): Promise<Range> {
  const { fill, signal, log } = share;
  const claim = (session: Session) => claimRange(session, fill, rangeToTake);
  const range = await untilNotContended(() => connection.run(claim, signal, log), signal);
  if (range === null) return { ...rangeToTake, nextBlock: rangeToTake.endBlock };
  let { nextBlock } = range;
  while (nextBlock < range.endBlock && goOn()) {
    const spanRows = share.pace.batchRows * STRIPES;
    const blocks = Math.max(1, Math.round(spanRows / range.rowsPerBlock));
    const endBlock = Math.min(nextBlock + blocks, range.endBlock);
    for (let stripe = 0; stripe < STRIPES; stripe++) {
      await share.gate.pass(share.signal);
      await fillStripe(connection, share, range, { firstBlock: nextBlock, endBlock, stripe });
    }
    nextBlock = endBlock;
  }
  return { ...range, nextBlock };
}

async function fillStripe(
  connection: WorkerConnection,
  { fill, pace, meter, signal, log }: WorkerShare,
  range: ClaimedRange,
  span: { readonly firstBlock: number; readonly endBlock: number; readonly stripe: number },
): Promise<void> {
  const isLast = span.stripe === STRIPES - 1;
  const nextBlock = isLast ? span.endBlock : span.firstBlock;
  const batch = { leaf: range.leaf, ...span };
  const fillOnce = (session: Session) =>
    fillBatch(session, fill, batch, (rowsFilled) =>
      advanceRange(session, fill, range, { nextBlock, rowsFilled }),
    );
  const began = performance.now();
  // Someone holds the whole table: half as many rows next time.
  const shrink = () => pace.shrink();
  const rows = await untilNotContended(() => connection.run(fillOnce, signal, log), signal, shrink);
  const milliseconds = performance.now() - began;
  pace.observe(milliseconds);
  meter.count({ rows, blocks: isLast ? span.endBlock - span.firstBlock : 0, milliseconds });
}

/** Where others hold what it needs, the same again, for as long as it takes. */
async function untilNotContended<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  contended: () => void = () => undefined,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isContention(error)) throw error;
      contended();
      await pause(CONTENTION_PAUSE_MS, signal);
    }
  }
}
