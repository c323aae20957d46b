import { expect, it } from '@jest/globals';
import type { OnlineMigrationEvent } from '../../../src/online-migration/change/events.ts';
import { connect } from '../../support/database-client.ts';
import { createMigratedDatabase, openMigrator } from '../../support/event-project/migrator.ts';
import { insertEvents } from '../../support/event-table.ts';

const ROWS = 20_000;
const CHANGE = 'public.event.at';

/** A migrated table with rows that the backfill has to fill. */
async function expandedDatabase(resources: AsyncDisposableStack): Promise<string> {
  const database = resources.use(await createMigratedDatabase('0001'));
  await using client = await connect(database.url);
  await insertEvents(client, ROWS);
  return database.url;
}

/** The events of one migration up, with the purpose of each lock. */
function stepsOf(number: string, ...held: string[]): string[] {
  return [
    `migration-started ${number} up`,
    ...held.map((purpose) => `lock-held ${purpose}`),
    `migration-finished ${number} up`,
  ];
}

it('a listener of the migrator receives all events of all phases, in their order', async () => {
  await using resources = new AsyncDisposableStack();
  const url = await expandedDatabase(resources);
  const events: OnlineMigrationEvent[] = [];
  await using migrator = await openMigrator(url, { onEvent: (event) => events.push(event) });
  await migrator.go('0006');

  const steps = events.flatMap((event) => {
    if (event.type === 'migration-started' || event.type === 'migration-finished')
      return `${event.type} ${event.migration.slice(0, 4)} ${event.direction}`;
    return event.type === 'lock-held' ? `lock-held ${event.purpose}` : [];
  });
  expect(steps).toEqual([
    ...stepsOf('0002', 'expand'),
    ...stepsOf('0003'),
    ...stepsOf('0004', 'enforce: add the not-null check', 'enforce: set not null'),
    ...stepsOf('0005', 'contract: keep old values', 'contract: drop the old column'),
    ...stepsOf('0006', 'rename'),
  ]);

  const ofBackfill = events.filter(({ type }) => type.startsWith('backfill-'));
  expect(ofBackfill[0]).toMatchObject({
    type: 'backfill-planned',
    change: CHANGE,
    direction: 'forward',
    rowsDone: 0,
    workers: 1,
  });
  expect(ofBackfill.at(-2)).toMatchObject({
    type: 'backfill-progress',
    change: CHANGE,
    percent: 100,
    rowsDone: ROWS,
  });
  expect(ofBackfill.at(-1)).toMatchObject({
    type: 'backfill-finished',
    change: CHANGE,
    rows: ROWS,
    rejects: 0,
    batches: { count: expect.any(Number), longestMs: expect.any(Number) },
    message: expect.stringMatching(/^backfill: 20,000 rows in /),
  });
  expect(JSON.parse(JSON.stringify(events))).toEqual(events);
});

it('the log has the message of each event, but for what MikroORM and the progress show', async () => {
  await using resources = new AsyncDisposableStack();
  const url = await expandedDatabase(resources);
  const messages: string[] = [];
  await using migrator = await openMigrator(url, {
    onEvent: ({ type, message }) => {
      if (message !== undefined && type !== 'backfill-planned' && !type.startsWith('migration-'))
        messages.push(`[migrator] ${message}`);
    },
  });
  await migrator.go('0006');
  const shown = migrator.log.filter(
    (line) => !/^\[migrator\] (Processing|Applied|backfill: .* %, )/.test(line),
  );
  expect(shown).toEqual(messages);
});

it('a listener that throws breaks no migration', async () => {
  await using resources = new AsyncDisposableStack();
  const url = await expandedDatabase(resources);
  await using migrator = await openMigrator(url, {
    onEvent: () => {
      throw new Error('The listener is out of order.');
    },
  });
  await migrator.go('0006');
  expect(await migrator.applied()).toEqual(['0001', '0002', '0003', '0004', '0005', '0006']);
});
