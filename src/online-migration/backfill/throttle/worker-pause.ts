import { pause } from '../../postgres/pause.ts';

const LOOK_MS = 50;

/** Lets the workers through between two batches, or holds them back; says why, and adds up for how long. */
export class Gate {
  readonly #pausedMs = new Map<string, number>();
  #reason: string | null = null;
  #since = 0;

  /** Why the gate is closed; null while it is open. */
  get reason(): string | null {
    return this.#reason;
  }

  /** Milliseconds that the workers were held back, by kind of reason. */
  get pausedMs(): ReadonlyMap<string, number> {
    return this.#pausedMs;
  }

  /**
   * Opens or closes the gate.
   * @param reason a sentence without the full stop, or null to open it
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

  /** Resolves when the gate is open. */
  async pass(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#reason !== null) await pause(LOOK_MS, signal);
  }
}
