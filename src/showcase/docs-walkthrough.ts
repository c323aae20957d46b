import { chmod, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { PROJECT_FOLDER } from '../database/project-folder.ts';
import { freePort } from '../database/free-port.ts';
import { LARGEST_NUMBER } from '../large-record/seeding.ts';
import { readOptions, wholeNumber } from '../command-line/command-options.ts';
import { followPage } from './docs-pages/follow.ts';
import { readPage, withOutputs } from './docs-pages/page.ts';
import { copyProject, linkPackages, resetDatabaseOf } from '../../test/support/project-copy.ts';
import { runCommand } from '../command-line/run-command.ts';

// npm run docs:walkthrough: follows docs/walkthrough.md in a copy of the project, and writes the commands' output into
// it.

const USAGE = 'npm run docs:walkthrough -- [--rows <number>]';
const PAGE = join(PROJECT_FOLDER, 'docs/walkthrough.md');
const ROWS_OF_PAGE = 10_000_000;
const URL_OF_PAGE = 'http://127.0.0.1:3000';
const POLL_MS = 200;

const optionsSchema = z.strictObject({ rows: wholeNumber(1, LARGEST_NUMBER).default(ROWS_OF_PAGE) });

await runCommand(async (signal) => {
  const { rows } = readOptions(process.argv.slice(2), USAGE, optionsSchema);
  await using folder = await mkdtempDisposable(join(tmpdir(), 'walkthrough-'));
  await chmod(folder.path, 0o755); // PostgreSQL may run as another user.
  const project = join(folder.path, 'project');
  await copyProject(project);
  await linkPackages(project);
  await using resources = new AsyncDisposableStack();
  resources.defer(() => resetDatabaseOf(project));
  const url = `http://127.0.0.1:${await freePort()}`;
  const markdown = await readFile(PAGE, 'utf8');
  const outputs = await followPage(readPage(markdown), {
    folder: project,
    environment: () => ({
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      PORT: new URL(url).port,
      DATABASE_URL: undefined,
    }),
    instead: (command) => {
      signal.throwIfAborted();
      if (command === 'npm install') return null;
      return command.replace(`--rows ${ROWS_OF_PAGE}`, `--rows ${rows}`).replace(URL_OF_PAGE, url);
    },
    ready: () => ready(url, signal),
    log: (command) => console.log(command),
  });
  const asOnThePage = outputs.map((output) => output?.replaceAll(url, URL_OF_PAGE));
  await writeFile(PAGE, withOutputs(markdown, asOnThePage));
});

async function ready(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await delay(POLL_MS, undefined, { signal });
  }
}
