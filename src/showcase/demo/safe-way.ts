import { migrateUpTo } from '../harness/migration-command.ts';
import type { OnlineMigrationEvent } from 'online-migration';
import type { Step } from '../harness/steps.ts';
import type { Timeline } from '../harness/timeline.ts';

const MOVES = ['0002 expand', '0003 backfill', '0004 enforce', '0005 contract', '0006 rename'];

/**
 * The migrations of this project, one by one by the command line.
 *
 * @param url the database
 * @param timeline records the locks
 * @param signal kills the running migration
 */
export function safeSteps(url: string, timeline: Timeline, signal: AbortSignal): Step[] {
  return MOVES.map((name) => ({
    name,
    run: (report) => {
      const listen = (event: OnlineMigrationEvent) => {
        if (event.type === 'lock-held')
          timeline.released({ purpose: event.purpose, mode: event.mode }, event.heldMs);
        if (event.type === 'backfill-finished')
          timeline.released({ purpose: 'batches', mode: 'ROW EXCLUSIVE' }, event.seconds * 1000);
        if (event.type === 'backfill-progress') report(event.percent);
      };
      return migrateUpTo(url, name.slice(0, 4), signal, {}, listen);
    },
  }));
}
