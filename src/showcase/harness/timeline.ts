/** Length of a timeline's pieces. The requests of a piece are added up. */
export const PIECE_MS = 100;

/**
 * A longer time without an answer is a gap. It allows the lock timeout of 100 ms, for which a phase may block all
 * requests, and 50 ms for the load's pauses.
 */
export const GAP_MS = 150;

/** The answers in one piece of a timeline. */
export interface TimelinePiece {
  readonly served: number;
  readonly failed: number;
}

/** A span on a timeline, in milliseconds from its start. */
export interface Span {
  readonly beganMs: number;
  readonly endedMs: number;
}

/** A step on a timeline. */
export interface StepSpan extends Span {
  readonly name: string;
}

/** A lock on the table, for as long as it was held. */
export interface LockSpan extends Span {
  readonly purpose: string;
  /** `ACCESS EXCLUSIVE`, or `ROW EXCLUSIVE` for a series of batches. */
  readonly mode: string;
}

/** Times without an answer. */
interface Gaps {
  /** The longest time without a served request. */
  readonly longestGapMs: number;
  /** The sum of all these times longer than {@link GAP_MS}. */
  readonly unservedMs: number;
}

/** The timeline of one way to change a column. */
export interface TimelineRecord extends Gaps {
  /** Pieces of 100 ms, from the start to the end. */
  readonly pieces: readonly TimelinePiece[];
  readonly steps: readonly StepSpan[];
  readonly locks: readonly LockSpan[];
}

/** Records when requests are answered, steps run and locks are held. */
export class Timeline {
  readonly #pieces: { served: number; failed: number }[] = [];
  readonly #steps: StepSpan[] = [];
  readonly #locks: LockSpan[] = [];
  #began = Number.POSITIVE_INFINITY;
  #lastServedMs = 0;
  /** Up to the last served request. */
  #gaps: Gaps = { longestGapMs: 0, unservedMs: 0 };

  /** Starts the timeline; earlier requests are not part of it. */
  begin(): void {
    this.#began = performance.now();
  }

  /** Milliseconds since the start. */
  get nowMs(): number {
    return performance.now() - this.#began;
  }

  /** Runs a request; records when it was answered and whether it failed. It failed if it throws. */
  async request(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#count('served');
    } catch (error) {
      this.#count('failed');
      throw error;
    }
  }

  /** Runs a step and records its time. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const beganMs = this.nowMs;
    try {
      return await work();
    } finally {
      this.#steps.push({ name, beganMs, endedMs: this.nowMs });
    }
  }

  /** Runs a task that holds a lock on the table from start to end. */
  async locked<T>(
    lock: { readonly purpose: string; readonly mode: string },
    work: () => Promise<T>,
  ): Promise<T> {
    const beganMs = this.nowMs;
    try {
      return await work();
    } finally {
      this.#locks.push({ ...lock, beganMs, endedMs: this.nowMs });
    }
  }

  /** Records a lock that has just been released. */
  released(lock: { readonly purpose: string; readonly mode: string }, heldMs: number): void {
    const endedMs = this.nowMs;
    this.#locks.push({ ...lock, beganMs: endedMs - heldMs, endedMs });
  }

  /** The timeline so far. */
  record(): TimelineRecord {
    const pieces = Math.ceil(this.nowMs / PIECE_MS);
    return {
      pieces: Array.from({ length: pieces }, (_, index) => this.#pieces[index] ?? { served: 0, failed: 0 }),
      steps: this.#steps,
      locks: this.#locks,
      ...this.#gapsUntil(this.nowMs),
    };
  }

  #count(outcome: 'served' | 'failed'): void {
    const index = Math.floor(this.nowMs / PIECE_MS);
    if (!(index >= 0)) return;
    const piece = (this.#pieces[index] ??= { served: 0, failed: 0 });
    piece[outcome] += 1;
    if (outcome === 'failed') return;
    const nowMs = this.nowMs;
    this.#gaps = this.#gapsUntil(nowMs);
    this.#lastServedMs = nowMs;
  }

  #gapsUntil(endMs: number): Gaps {
    const gapMs = endMs - this.#lastServedMs;
    return {
      longestGapMs: Math.max(this.#gaps.longestGapMs, gapMs),
      unservedMs: this.#gaps.unservedMs + (gapMs > GAP_MS ? gapMs : 0),
    };
  }
}
