/** Requests of one piece of a timeline are added up. */
export const PIECE_MS = 100;

/**
 * From when on a time without an answer is a gap: the lock timeout of 100 ms, which a phase may make everyone wait, and 50 ms
 * for the load's own pauses.
 */
export const GAP_MS = 150;

/** What was answered in one piece of a timeline. */
export interface TimelinePiece {
  readonly served: number;
  readonly failed: number;
}

/** A span on a timeline, in milliseconds since its beginning. */
export interface Span {
  readonly beganMs: number;
  readonly endedMs: number;
}

/** A step on a timeline. */
export interface StepSpan extends Span {
  readonly name: string;
}

/** A lock on the table, as long as it was held. */
export interface LockSpan extends Span {
  readonly purpose: string;
  /** `ACCESS EXCLUSIVE`, or `ROW EXCLUSIVE` where batches follow each other. */
  readonly mode: string;
}

/** For how long nobody was served. */
interface Gaps {
  /** The longest time in which no request was served. */
  readonly longestGapMs: number;
  /** All such times longer than {@link GAP_MS}, added up. */
  readonly unservedMs: number;
}

/** What happened through the time of one way of changing a column. */
export interface TimelineRecord extends Gaps {
  /** A piece of 100 ms each, from the beginning to the end. */
  readonly pieces: readonly TimelinePiece[];
  readonly steps: readonly StepSpan[];
  readonly locks: readonly LockSpan[];
}

/** Notes when requests are answered, when steps run and when locks are held. */
export class Timeline {
  readonly #pieces: { served: number; failed: number }[] = [];
  readonly #steps: StepSpan[] = [];
  readonly #locks: LockSpan[] = [];
  #began = Number.POSITIVE_INFINITY;
  #lastServedMs = 0;
  /** Up to the request that was served last. */
  #gaps: Gaps = { longestGapMs: 0, unservedMs: 0 };

  /** Begins it; requests that were answered before are in none of its pieces. */
  begin(): void {
    this.#began = performance.now();
  }

  /** Milliseconds since its beginning. */
  get nowMs(): number {
    return performance.now() - this.#began;
  }

  /** Carries out a request, and notes when it was answered, and whether it failed, which it did where it throws. */
  async request(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#count('served');
    } catch (error) {
      this.#count('failed');
      throw error;
    }
  }

  /** Carries out a step and notes when it ran. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const beganMs = this.nowMs;
    try {
      return await work();
    } finally {
      this.#steps.push({ name, beganMs, endedMs: this.nowMs });
    }
  }

  /** Carries out what holds a lock on the table from its beginning to its end. */
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

  /** Notes a lock that has just been released. */
  released(lock: { readonly purpose: string; readonly mode: string }, heldMs: number): void {
    const endedMs = this.nowMs;
    this.#locks.push({ ...lock, beganMs: endedMs - heldMs, endedMs });
  }

  /** Everything up to now. */
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
