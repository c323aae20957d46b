import type { ActiveColumnFollower } from './active-column-follower.ts';
import { describeDatabaseError } from '../postgres/database-error.ts';

/**
 * Sends reads to a replica while it is usable, and otherwise to the primary. The replica's schema lags as its data
 * does, so it has its own follower. That follower polls, because a standby does not forward notifications.
 *
 * 1. The replica is usable from the first successful reading of its catalog on.
 * 2. If a read fails there for any reason, the primary serves it at once. The reason may be the connection, the
 *    statement, or the replay of a phase that cancelled the statement. A read may run twice.
 * 3. After that, or if its catalog cannot be read, the replica is unused until the poll has read its catalog again. A
 *    replica that hangs delays one poll, not every request.
 */
export class ReadReplica {
  readonly #log: (line: string) => void;
  #isUsable = false;

  /**
   * @param follower the follower of the replica's catalog; somebody else polls
   * @param log receives a line when reads begin to go to the replica, and when they stop
   */
  constructor(follower: ActiveColumnFollower, log: (line: string) => void) {
    this.#log = log;
    follower.on('read', () => this.#use());
    follower.on('readingFailed', (error) => this.#stopUsing(error));
  }

  /**
   * @param onReplica reads on the replica
   * @param onPrimary does the same read on the primary
   * @param suffices whether the replica's answer is current enough
   * @returns the answer of the replica or of the primary
   * @throws the error of the primary's read
   */
  async read<T>(
    onReplica: () => Promise<T>,
    onPrimary: () => Promise<T>,
    suffices: (answer: T) => boolean = () => true,
  ): Promise<T> {
    if (!this.#isUsable) return onPrimary();
    try {
      const answer = await onReplica();
      if (suffices(answer)) return answer;
    } catch (error) {
      this.#stopUsing(error);
    }
    return onPrimary();
  }

  #use(): void {
    if (!this.#isUsable) this.#log('Reads go to the replica.');
    this.#isUsable = true;
  }

  #stopUsing(error: unknown): void {
    if (this.#isUsable)
      this.#log(`Reads go to the primary: the replica failed, ${describeDatabaseError(error)}`);
    this.#isUsable = false;
  }
}
