import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { revertBackfill } from '../../../src/online-migration/phases/revert-backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce, revertEnforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand, revertExpand } from '../../../src/online-migration/phases/expand.ts';
import type { PhaseContext } from '../../../src/online-migration/phases/phase.ts';
import { rename, revertRename } from '../../../src/online-migration/phases/rename.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { DEFAULT_SETTINGS } from '../../../src/online-migration/phases/settings.ts';
import { readStage, STAGES, type Stage } from '../../../src/online-migration/observation/stage.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { connect, type DatabaseClient, WATCHER_NAME } from '../database-client.ts';
import { createTestDatabase } from '../test-server.ts';
import { priorityColumn } from './note-change.ts';

/** The phases between the stages, in order. Each leads to the next stage, its revert to the previous one. */
const PHASES = [
  { up: expand, down: revertExpand },
  { up: backfill, down: revertBackfill },
  { up: enforce, down: revertEnforce },
  { up: contract, down: revertContract },
  { up: rename, down: revertRename },
] as const;

/** A database that contains only the table `note`. */
export interface NotesTable extends AsyncDisposable {
  readonly url: string;
  readonly client: DatabaseClient;
  /** Inserts notes directly: `Note 1`, `Note 2` and so on. Returns the last id. */
  store(count?: number): Promise<string>;
  /** Carries out the phases that lead to a stage. */
  go(to: Stage, settings?: Partial<PhaseContext['settings']>): Promise<void>;
  /** Makes `select … for update` hold all rows until {@link unlock}. */
  lock(): Promise<void>;
  unlock(): Promise<void>;
}

/** Creates the table. */
export async function createNotesTable(): Promise<NotesTable> {
  await using resources = new AsyncDisposableStack();
  const { url } = resources.use(await createTestDatabase());
  const client = resources.use(await connect(url, WATCHER_NAME));
  await client.rows(`
    create table note (
      id integer generated always as identity primary key,
      text varchar(100) not null,
      priority integer not null
    )`);
  const owned = resources.move();
  return {
    url,
    client,
    async store(count = 1) {
      const ids = await client.rows<{ id: string }>(
        `insert into note (text, priority) select 'Note ' || n, n % 10 from generate_series(1, $1::int) as n returning id`,
        [count],
      );
      return ids.at(-1)!.id;
    },
    async go(to, settings = {}) {
      await using session = await openSession(url);
      const context = contextOf(url, session, settings);
      let at = STAGES.indexOf(await readStage(session, priorityColumn));
      const target = STAGES.indexOf(to);
      while (at !== target) {
        await (at < target ? PHASES[at]!.up(context) : PHASES[at - 1]!.down(context));
        at += Math.sign(target - at);
      }
    },
    async lock() {
      await client.rows('begin');
      await client.rows('select from note for update');
    },
    async unlock() {
      await client.rows('commit');
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function openSession(url: string): Promise<Session> {
  return Session.open({ connectionString: url }, 'online-migration test');
}

function contextOf(url: string, session: Session, settings: Partial<PhaseContext['settings']>): PhaseContext {
  return {
    change: priorityColumn,
    columns: [priorityColumn],
    session,
    openSession: () => openSession(url),
    settings: { ...DEFAULT_SETTINGS, ...settings },
    emit: () => undefined,
    signal: new AbortController().signal,
    ledger: 'mikro-orm',
    recordInLedger: async () => undefined,
  };
}
