import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { NO_ANSWERS } from '../../../../src/online-migration/mikro-orm/creation/questions/answers.ts';
import type { ColumnChange } from '../../../../src/online-migration/index.ts';
import { type LoadStatements, startChangeLoad } from '../../../support/change-load.ts';
import { databasePerFile } from '../../../support/tested-database.ts';
import { EDITS } from '../../ordinary/edits/all-edits.ts';
import { fillTables } from '../../ordinary/edits/fill-tables.ts';
import { createTables } from '../../ordinary/edits/run-edit.ts';
import { COMBINATIONS } from './combinations.ts';
import { openGeneratedProject } from './generated-project.ts';
import { LOADED } from './loaded-edits.ts';
import { OUTCOMES } from './outcomes.ts';
import { startRelease } from './release-load.ts';
import { writeAnswered } from './run-created.ts';

const ROWS = 200_000;
/** Requests of a release before the next step. */
const REQUESTS = 100;
const LIMIT_MS = 600_000;

const database = databasePerFile();
const edits = [...EDITS.map((edit) => ({ ...edit, ...OUTCOMES[edit.name] })), ...COMBINATIONS];

async function openEdited(name: string) {
  const edit = edits.find((each) => each.name === name)!;
  await createTables(database, edit);
  await fillTables(database.client, edit.values, ROWS);
  await database.client.rows(
    `select setval(pg_get_serial_sequence('orders', 'id'), (select max(id) from orders))`,
  );
  const project = await openGeneratedProject(database.url, edit.after());
  await writeAnswered(project, edit.author);
  return { project, edit };
}

const count = () => database.client.value<number>(`select count(*)::integer from orders`);

describe('written migrations run up and down beside readers and writers of the old and the new release:', () => {
  it.each(Object.entries(LOADED))(
    '%s',
    async (name, { before, after }) => {
      const { project, edit } = await openEdited(name);
      await using resources = new AsyncDisposableStack();
      resources.use(project);
      const { migrator } = project;
      const start = (columns: typeof before) => resources.use(startRelease(database.url, columns, ROWS));
      const old = start(before);
      await old.servedMore(REQUESTS);
      const [first] = await migrator.getPending();
      await migrator.up({ to: first!.name });
      const next = start(after);
      await next.servedMore(REQUESTS);
      await old.stop();
      await migrator.up();
      await next.servedMore(REQUESTS);
      expect(await migrator.checkSchema()).toBe(false);
      migrator.answerBy(NO_ANSWERS);
      expect(await migrator.create()).toMatchObject({ fileName: '' });

      const loads = [old, next];
      if (edit.course?.refused === undefined) {
        while ((await migrator.getExecuted()).length > 1) await migrator.down();
        const again = start(before);
        loads.push(again);
        await again.servedMore(REQUESTS);
        await next.stop();
        await migrator.down();
        await again.servedMore(REQUESTS);
      }
      for (const load of loads) await load.stop();
      expect(loads.flatMap(({ failures }) => failures)).toEqual([]);
      const own = loads.flatMap(({ acknowledged }) => [...acknowledged]);
      expect(await count()).toBe(ROWS + own.length);
      expect(
        await database.client.value(
          `select count(*)::integer from jsonb_to_recordset($1) as own (id integer, total integer) join orders using (id, total)`,
          [JSON.stringify(own.map(([id, total]) => ({ id: Number(id), total })))],
        ),
      ).toBe(own.length);
      console.log(
        `${name}: ${own.length} own rows, slowest request ${Math.round(Math.max(...loads.map((load) => load.slowestMs())))} ms`,
      );
    },
    LIMIT_MS,
  );
});

const OF_TOTAL: LoadStatements = {
  insert: ({ column }) => `insert into orders (${column}) values ($1) returning id::text`,
  update: ({ column }) => `update orders set ${column} = $1 where id = $2 returning id::text`,
  read: ({ column }) => `select ${column}::text as n, true as right from orders where id = $1`,
};
const OF_ID: LoadStatements = {
  insert: ({ column }) => `insert into orders (total) values ($1) returning ${column}::text as id`,
  update: ({ column }) => `update orders set total = $1 where ${column} = $2 returning ${column}::text as id`,
  read: ({ column }) => `select total::text as n, true as right from orders where ${column} = $1`,
};

describe('written column changes run up and down beside an application that follows:', () => {
  it.each([
    ['integer to bigint', 'src/orders/total-change.ts', OF_TOTAL],
    ['a primary key from integer to bigint', 'src/orders/id-change.ts', OF_ID],
  ])(
    '%s',
    async (name, file, statements) => {
      const { project } = await openEdited(name);
      await using resources = new AsyncDisposableStack();
      resources.use(project);
      const { migrator, folder } = project;
      const exported = (await import(join(folder, file))) as Record<string, ColumnChange>;
      const load = resources.use(
        await startChangeLoad(database.url, Object.values(exported)[0]!, statements),
      );
      await load.servedMore(REQUESTS);
      await migrator.up();
      await load.servedMore(REQUESTS);
      expect(await migrator.checkSchema()).toBe(false);
      await migrator.down({ to: 0 });
      await load.servedMore(REQUESTS);
      await load.stop();
      expect(load.failures).toEqual([]);
      const own = load.acknowledged();
      expect(await count()).toBe(ROWS + own.size);
      expect(
        await database.client.value(
          `select count(*)::integer from jsonb_to_recordset($1) as own (id integer, total integer) join orders using (id, total)`,
          [JSON.stringify([...own].map(([id, total]) => ({ id: Number(id), total: Number(total) })))],
        ),
      ).toBe(own.size);
    },
    LIMIT_MS,
  );
});
