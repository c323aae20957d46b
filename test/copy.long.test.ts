import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PROJECT_FOLDER } from '../src/database/project-folder.ts';
import { copyProject, linkPackages } from './support/project-copy.ts';
import { createTestDatabase } from './support/test-server.ts';

/** Lint, type check and all tests except the long ones, on a busy machine. */
const LIMIT_MS = 1_800_000;
const MOST_OUTPUT_BYTES = 2 ** 26;

const isWhole = ['src/showcase', 'src/large-record'].every((name) => existsSync(join(PROJECT_FOLDER, name)));
const title = isWhole
  ? 'a copy of the project'
  : 'a copy of the project (SKIPPED: the showcase or the example is deleted here)';
if (!isWhole) console.warn(title);

(isWhole ? describe : describe.skip)(title, () => {
  const resources = new AsyncDisposableStack();
  let folder: string;
  /** The command blocks of docs/adapting.md: one for the showcase, one for the example. */
  let blocks: string[];

  beforeAll(async () => {
    const temporary = resources.use(await mkdtempDisposable(join(tmpdir(), 'copy-')));
    folder = join(temporary.path, 'project');
    await copyProject(folder);
    await linkPackages(folder);
    const page = await readFile(join(PROJECT_FOLDER, 'docs/adapting.md'), 'utf8');
    const [section] = /^\*\*2\. Delete the example\.\*\*.*?(?=^\*\*3\. )/ms.exec(page)!;
    blocks = Array.from(section.matchAll(/^```sh\n(.*?)^```$/gms), ([, commands]) => commands!);
  });
  afterAll(() => resources.disposeAsync());

  /** Runs a block of the page. The copy's packages are links, so `npm uninstall` changes only package.json. */
  async function runBlock(block: string): Promise<void> {
    await run(
      block.replaceAll(/^npm uninstall (.*)$/gm, (_command, names: string) => {
        const keys = names.split(' ').flatMap((name) => [`dependencies.${name}`, `devDependencies.${name}`]);
        return `npm pkg delete ${keys.join(' ')}`;
      }),
    );
  }

  /**
   * Runs commands in the copy.
   * @returns their standard output, then their standard error
   * @throws Error with their output if one of them fails
   */
  async function run(commands: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { stdout, stderr } = await promisify(execFile)('bash', ['-ec', commands], {
      cwd: folder,
      maxBuffer: MOST_OUTPUT_BYTES,
      env: {
        ...process.env,
        // The packages contain the right Node; a shell would find the system's first.
        PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
        NODE_OPTIONS: '',
        TEST_DATABASE_URL: process.env['TEST_SERVER_URL'],
        ...env,
      },
    }).catch((error: Error & { stdout: string; stderr: string }) => {
      throw new Error(`${commands} failed:\n${error.stdout}${error.stderr}`);
    });
    return stdout + stderr;
  }

  it(
    'passes the check and its tests when the showcase is deleted as docs/adapting.md says',
    async () => {
      await runBlock(blocks[0]!);
      expect(existsSync(join(folder, 'src/showcase'))).toBe(false);
      await run('npm run check');
      await run('npm test');
    },
    LIMIT_MS,
  );

  it(
    'passes the check and its tests when the example is deleted too, and still migrates',
    async () => {
      await runBlock(blocks[1]!);
      expect(blocks).toHaveLength(2);
      expect(existsSync(join(folder, 'src/large-record'))).toBe(false);
      await run('npm run check');
      await using database = await createTestDatabase();
      await run('npx mikro-orm migration:up', { DATABASE_URL: database.url });
      await run('npm test');
    },
    LIMIT_MS,
  );
});
