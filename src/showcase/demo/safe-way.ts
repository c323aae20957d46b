import { migrateUpTo } from '../harness/migration-command.ts';
import { readBatchesSeconds, readLockHold, readPercent } from '../harness/migration-log.ts';
import type { Step } from '../harness/steps.ts';
import type { Timeline } from '../harness/timeline.ts';

const MOVES = ['0002 expand', '0003 backfill', '0004 enforce', '0005 contract', '0006 rename'];

/**
 * The migrations of this project, by the command line, one by one.
 *
 * @param url the database
 * @param timeline notes the locks
 * @param signal kills the migration under way
 */
export function safeSteps(url: string, timeline: Timeline, signal: AbortSignal): Step[] {
  return MOVES.map((name) => ({
    name,
    run: (report) => {
      const listen = (line: string) => {
        const hold = readLockHold(line);
        if (hold) timeline.released({ purpose: hold.purpose, mode: 'ACCESS EXCLUSIVE' }, hold.milliseconds);
        const seconds = readBatchesSeconds(line);
        if (seconds !== undefined)
          timeline.released({ purpose: 'batches', mode: 'ROW EXCLUSIVE' }, seconds * 1000);
        const percent = readPercent(line);
        if (percent !== undefined) report(percent);
      };
      return migrateUpTo(url, name.slice(0, 4), signal, {}, listen);
    },
  }));
}
