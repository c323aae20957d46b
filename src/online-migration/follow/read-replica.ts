import type { ActiveColumnFollower } from './active-column-follower.ts';
import { describeDatabaseError } from '../postgres/database-error.ts';

/**
 * Sends reads to a replica as long as it is of use, and otherwise to the primary. Its schema follows the primary's with the
 * same delay as its data, so it has a follower of its own, which polls: a standby passes no notifications on.
 *
 * 1. The replica is of use from the first successful reading of its catalog on.
 * 2. What fails there, for whatever reason, is read from the primary at once: the connection, the statement, or the replay
 *    of a move that needed the statement out of its way. A read may be done twice.
 * 3. Then, or when its catalog cannot be read, it is left alone until the poll has read its catalog again: a replica that
 *    hangs costs one poll a wait, and not every request.
 */
export class ReadReplica {
  readonly #log: (line: string) => void;
  #isOfUse = false;

  /**
   * @param follower of the replica's own catalog; someone polls
   * @param log receives a line when reads begin to go to the replica, and one when they no longer do
   */
  constructor(follower: ActiveColumnFollower, log: (line: string) => void) {
    this.#log = log;
    follower.on('read', () => this.#take());
    follower.on('readingFailed', (error) => this.#leave(error));
  }

  /**
   * @param onReplica reads on the replica
   * @param onPrimary reads the same on the primary
   * @param suffices whether the replica's answer will do; it may not have yet what the primary has
   * @returns the answer of the one or the other
   * @throws what the primary's read throws
   */
  async read<T>(
    onReplica: () => Promise<T>,
    onPrimary: () => Promise<T>,
    suffices: (answer: T) => boolean = () => true,
  ): Promise<T> {
    if (!this.#isOfUse) return onPrimary();
    try {
      const answer = await onReplica();
      if (suffices(answer)) return answer;
    } catch (error) {
      this.#leave(error);
    }
    return onPrimary();
  }

  #take(): void {
    if (!this.#isOfUse) this.#log('Reads go to the replica.');
    this.#isOfUse = true;
  }

  #leave(error: unknown): void {
    if (this.#isOfUse)
      this.#log(`Reads go to the primary: the replica failed, ${describeDatabaseError(error)}`);
    this.#isOfUse = false;
  }
}
