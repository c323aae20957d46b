import { pause } from '../../postgres/pause.ts';

const POLL_MS = 50;

/** Pauses the workers of a process between two batches, and adds up the durations by reason. */
export class WorkerPauses {
  readonly #pausedMs = new Map<string, number>();
  #reason: string | null = null;
  #since = 0;

  /** The reason for the pause; null while the workers run. */
  get reason(): string | null {
    return this.#reason;
  }

  /** Milliseconds of pauses, by kind of reason. */
  get pausedMs(): ReadonlyMap<string, number> {
    return this.#pausedMs;
  }

  /**
   * Starts or ends a pause.
   * @param reason a sentence without the full stop, or null to continue
   * @returns whether the workers' state has changed
   */
  set(reason: string | null): boolean {
    const changed = (reason === null) !== (this.#reason === null);
    if (this.#reason !== null) {
      const kind = this.#reason.replaceAll(/[\d.]+/g, '…');
      this.#pausedMs.set(kind, (this.#pausedMs.get(kind) ?? 0) + performance.now() - this.#since);
    }
    this.#reason = reason;
    this.#since = performance.now();
    return changed;
  }

  /** Resolves when the workers may continue. */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#reason !== null) await pause(POLL_MS, signal);
  }
}
