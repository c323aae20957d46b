import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { readPage } from '../../../src/showcase/docs-pages/page.ts';
import { linkPackages } from '../../support/project-copy.ts';
import { PROJECT_FOLDER } from '../../../src/database/embedded-postgres.ts';

/** Two type checks on a busy machine. */
const LIMIT_MS = 120_000;

/** What `tsc --init` writes, without what it leaves to the project. */
const INITIAL_OPTIONS = {
  module: 'nodenext',
  target: 'esnext',
  types: [],
  sourceMap: true,
  declaration: true,
  declarationMap: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  strict: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  noUncheckedSideEffectImports: true,
  moduleDetection: 'force',
  skipLibCheck: true,
};
const STRICT_OPTIONS = { erasableSyntaxOnly: true, noUnusedLocals: true };

/** The part of the page that is about a project that is there already. */
async function readSection(): Promise<string> {
  const page = await readFile(join(PROJECT_FOLDER, 'docs/adapting.md'), 'utf8');
  return /^## Into an existing MikroORM project$.*?(?=^## )/ms.exec(page)![0];
}

/** Type-checks a project with these options; returns what the compiler says. */
async function compile(folder: string, compilerOptions: object): Promise<string> {
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['src', 'migrations', '*.ts'] }),
  );
  const compiler = join(folder, 'node_modules/typescript/bin/tsc');
  return promisify(execFile)(process.execPath, [compiler], { cwd: folder }).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
}

it(
  'the folder and the files of docs/adapting.md compile in an empty project that is set up as the page says',
  async () => {
    await using temporary = await mkdtempDisposable(join(tmpdir(), 'existing-project-'));
    const folder = join(temporary.path, 'project');
    await mkdir(join(folder, 'src'), { recursive: true });
    await linkPackages(folder);
    const section = await readSection();
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await cp(join(PROJECT_FOLDER, 'src/online-migration'), join(folder, 'src/online-migration'), {
      recursive: true,
    });
    for (const step of readPage(section)) {
      if (step.kind !== 'file') continue;
      await mkdir(dirname(join(folder, step.path)), { recursive: true });
      await writeFile(join(folder, step.path), step.text);
    }

    const settings = [...section.matchAll(/^```json\n(.*?)^```$/gms)].map(
      ([, text]) => JSON.parse(text!) as { compilerOptions: object },
    );
    const { module, verbatimModuleSyntax } = INITIAL_OPTIONS;
    expect(await compile(folder, { module, verbatimModuleSyntax, noEmit: true })).toContain('error TS5097');
    expect(settings).toHaveLength(2);
    for (const { compilerOptions } of settings) {
      const output = { outDir: 'dist', rootDir: '.' };
      expect(
        await compile(folder, { ...INITIAL_OPTIONS, ...STRICT_OPTIONS, ...output, ...compilerOptions }),
      ).toBe('');
    }
    const written = await readFile(join(folder, 'dist/src/orders/total-change.js'), 'utf8');
    expect(written).toContain(`from '../online-migration/conversions/text-to-numeric.js'`);
  },
  LIMIT_MS,
);
