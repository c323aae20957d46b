import { describe, expect, it } from '@jest/globals';
import { OnlineMigrationError } from '../../../../src/online-migration/index.ts';
import { NO_ANSWERS } from '../../../../src/online-migration/mikro-orm/creation/questions/answers.ts';
import type { DatabaseClient } from '../../../support/database-client.ts';
import { databasePerFile } from '../../../support/tested-database.ts';
import { EDITS } from '../../ordinary/edits/all-edits.ts';
import { fillTables } from '../../ordinary/edits/fill-tables.ts';
import { createTables } from '../../ordinary/edits/run-edit.ts';
import { COMBINATIONS } from './combinations.ts';
import { openGeneratedProject } from './generated-project.ts';
import { type KeptTable, startKeptColumnsLoad } from './kept-columns-load.ts';
import { OUTCOMES } from './outcomes.ts';
import { writeAnswered } from './run-created.ts';

const ROWS = 200_000;
/** Requests before the next step. */
const REQUESTS = 40;
/** Of writing and running: a type waits for a rename. */
const MOST_ROUNDS = 3;
const LIMIT_MS = 600_000;

const database = databasePerFile();
const edits = [...EDITS.map((edit) => ({ ...edit, ...OUTCOMES[edit.name] })), ...COMBINATIONS].filter(
  // Nothing is written, or its values only exist once.
  ({ course }) => course?.refused?.startsWith('up') !== true,
);

/** The tables with a number from 1 on as their key, with the columns that have the same type and definition before and after. */
async function keptTables(client: DatabaseClient, edit: (typeof edits)[number]): Promise<KeptTable[]> {
  const read = () =>
    client.rows<{
      name: string;
      key: string;
      columns: Readonly<Record<string, readonly [type: string, kind: string]>>;
    }>(`
      select format('%I.%I', n.nspname, c.relname) as name, k.attname as key,
        jsonb_object_agg(a.attname, jsonb_build_array(format_type(a.atttypid, a.atttypmod), a.attgenerated::text || a.attidentity::text)) as columns
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^(pg_|information_schema|online_migration)'
      join pg_index i on i.indrelid = c.oid and i.indisprimary
      join pg_attribute k on k.attrelid = c.oid and k.attnum = i.indkey[0]
      join pg_type t on t.oid = k.atttypid and t.typname in ('int4', 'int8')
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relkind in ('r', 'p') and not c.relispartition and c.relname !~ 'mikro_orm'
      group by 1, 2`);
  await createTables(database, { ...edit, before: edit.after });
  const after = new Map((await read()).map((table) => [table.name, table]));
  await createTables(database, edit);
  return (await read()).flatMap(({ name, key, columns }) => {
    const now = after.get(name);
    const same = Object.entries(columns).filter(
      ([column, definition]) => String(now?.columns[column]) === String(definition),
    );
    // A key that becomes an identity keeps its numbers.
    if (now?.key !== key || now.columns[key]?.[0] !== columns[key]?.[0]) return [];
    // A generated column and an identity cannot be written.
    const written = same.filter(([column, [, kind]]) => column !== key && kind === '');
    return { name, key, columns: written.map(([column]) => column) };
  });
}

describe('written migrations run up and down beside requests for all that the edit leaves alone, on 200,000 rows:', () => {
  it.each(edits)(
    '$name',
    async (edit) => {
      const { client, url } = database;
      const tables = await keptTables(client, edit);
      await fillTables(client, edit.values, ROWS);
      await using project = await openGeneratedProject(url, edit.after());
      const { migrator } = project;
      await using load = startKeptColumnsLoad(url, tables, ROWS);
      const isLoaded = tables.length > 0;
      if (isLoaded) await load.servedMore(REQUESTS);
      for (let round = 0; round < MOST_ROUNDS; round++) {
        const earlier = await project.files();
        await writeAnswered(project, round === 0 ? edit.author : {});
        if ((await project.files()).length === earlier.length) break;
        await migrator.up();
        if (isLoaded) await load.servedMore(REQUESTS);
      }
      migrator.answerBy(NO_ANSWERS);
      const isFoundAgain = edit.course?.differs?.includes('migration:check') === true;
      expect((await migrator.create()).fileName === '').toBe(!isFoundAgain);
      const back = await migrator.down({ to: 0 }).then(
        () => undefined,
        (error: unknown) => {
          if (error instanceof OnlineMigrationError) return `down: ${error.code}`;
          throw error;
        },
      );
      expect(back).toBe(edit.course?.refused);
      if (isLoaded) await load.servedMore(REQUESTS);
      expect(load.failures).toEqual([]);
    },
    LIMIT_MS,
  );
});
