import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { followPage } from '../../../src/showcase/docs-pages/follow.ts';
import { missingLines, readPage, shownOutputs } from '../../../src/showcase/docs-pages/page.ts';
import { PROJECT_FOLDER } from '../../../src/database/project-folder.ts';
import { connect } from '../../support/database-client.ts';
import { copyProject, linkPackages } from '../../support/project-copy.ts';
import { createTestDatabase } from '../../support/test-server.ts';

/** Seventeen commands, on a busy machine. */
const LIMIT_MS = 600_000;

it(
  'docs/tutorial.md, followed in a copy of the project, has the outputs that it shows',
  async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'tutorial-'));
    await using own = await createTestDatabase();
    await using client = await connect(own.url);
    const project = join(folder.path, 'my-project');
    await copyProject(project);
    await linkPackages(project);

    const page = await readFile(join(PROJECT_FOLDER, 'docs/tutorial.md'), 'utf8');
    const outputs = await followPage(readPage(page), {
      folder: folder.path,
      environment: () => ({
        // As in the reader's shell: npm has put the packages' Node.js in front for this test only.
        PATH: process.env['PATH']
          ?.split(delimiter)
          .filter((place) => !place.includes('node_modules'))
          .join(delimiter),
        DATABASE_URL: own.url,
      }),
      // The copy has these already, and its packages are links to those of this project.
      instead: (command) => (/^(git clone|npm install)\b/.test(command) ? null : command),
      ready: async () => undefined,
      log: () => undefined,
    });

    const shown = shownOutputs(page);
    expect(shown.filter((text) => text !== undefined)).toHaveLength(10);
    expect(shown.flatMap((text, place) => missingLines(text ?? '', outputs[place] ?? ''))).toEqual([]);
    expect(await client.rows(`select total, legacy_score from orders order by id limit 2`)).toEqual([
      { total: '1.5', legacy_score: null },
      { total: '2.5', legacy_score: null },
    ]);
  },
  LIMIT_MS,
);
