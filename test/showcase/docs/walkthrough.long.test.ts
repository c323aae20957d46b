import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { followPage } from '../../../src/showcase/docs-pages/follow.ts';
import { readPage, withOutputs } from '../../../src/showcase/docs-pages/page.ts';
import { PROJECT_FOLDER } from '../../../src/database/project-folder.ts';
import { freePort } from '../../../src/database/free-port.ts';
import { copyProject, linkPackages, resetDatabaseOf } from '../../support/project-copy.ts';

const ROWS = 20_000;
const LIMIT_MS = 300_000;
const POLL_MS = 100;

it(
  'docs/walkthrough.md, followed at a small size: every command does what the page says',
  async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'walkthrough-'));
    const project = join(folder.path, 'project');
    await copyProject(project);
    await linkPackages(project);
    await using resources = new AsyncDisposableStack();
    resources.defer(() => resetDatabaseOf(project));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const page = await readFile(join(PROJECT_FOLDER, 'docs/walkthrough.md'), 'utf8');
    const outputs = await followPage(readPage(page), {
      folder: project,
      environment: () => ({
        PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
        PORT: String(port),
        DATABASE_URL: undefined,
      }),
      instead: (command) =>
        command === 'npm install'
          ? null
          : command.replace('--rows 10000000', `--rows ${ROWS}`).replace('http://127.0.0.1:3000', url),
      ready: async () => {
        while (!(await fetch(`${url}/readyz`).catch(() => undefined))?.ok) await delay(POLL_MS);
      },
      log: () => undefined,
    });
    expect(databaseLines(withOutputs(page, outputs))).toEqual(databaseLines(page));
    const output = outputs.join('\n');
    for (const stage of ['initial', 'expanded', 'enforced', 'renamed'])
      expect(output).toContain(`${stage} (`);
    expect(output).toContain(
      `${ROWS.toLocaleString('en-US')} rows convert, and the way back gives the same text`,
    );
    const answers = output.match(/\{"records":.*\}/g) ?? [];
    expect(answers.length).toBeGreaterThanOrEqual(4);
    expect(new Set(answers).size).toBe(1);
    expect(outputs.at(-1)).toContain('Deleted the embedded PostgreSQL and its data.');
  },
  LIMIT_MS,
);

/** The lines of a page that name the database, without the port. */
function databaseLines(markdown: string): string[] {
  return Array.from(markdown.matchAll(/^Database: .*$/gm), ([line]) => line.replace(/:\d+/, ':<port>'));
}
