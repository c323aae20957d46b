import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtempDisposable, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT_FOLDER } from '../../src/database/project-folder.ts';

/** How a program ended. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A project with MikroORM in a temporary folder. */
export interface CreatedProject extends AsyncDisposable {
  readonly folder: string;
  /** Its files, without those of packages. */
  files(): Promise<string[]>;
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
  /** Runs a script of a package in it: `online-migration`, `mikro-orm` or `tsc`. */
  run(program: keyof typeof PROGRAMS, ...args: string[]): Promise<Ended>;
}

const PROGRAMS = {
  'online-migration': 'online-migration/cli/online-migration',
  'mikro-orm': '@mikro-orm/cli/cli.js',
  tsc: 'typescript/bin/tsc',
};

/**
 * @param url of its database, in DATABASE_URL
 * @param files by their paths
 * @param packageFolder the folder of the package `online-migration`; by default its sources
 */
export async function openCreatedProject(
  url: string,
  files: Readonly<Record<string, string>>,
  packageFolder = join(PROJECT_FOLDER, 'src/online-migration'),
): Promise<CreatedProject> {
  const parent = await mkdtempDisposable(join(tmpdir(), 'created-project-'));
  const folder = parent.path;
  await mkdir(join(folder, 'node_modules'));
  for (const name of await readdir(join(PROJECT_FOLDER, 'node_modules'))) {
    const source = name === 'online-migration' ? packageFolder : join(PROJECT_FOLDER, 'node_modules', name);
    await symlink(source, join(folder, 'node_modules', name));
  }
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  for (const [path, text] of Object.entries(files)) await write(path, text);
  const scriptOf = (program: keyof typeof PROGRAMS) => {
    const script = join(folder, 'node_modules', PROGRAMS[program]);
    return [script, `${script}.ts`, `${script}.js`].find((file) => existsSync(file))!;
  };
  return {
    folder,
    write,
    read: (path) => readFile(join(folder, path), 'utf8'),
    files: async () => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
        .filter((path) => !path.startsWith('node_modules'))
        .toSorted();
    },
    run: (program, ...args) =>
      promisify(execFile)(process.execPath, [scriptOf(program), ...args], {
        cwd: folder,
        env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', DATABASE_URL: url },
        maxBuffer: 2 ** 24,
      }).then(
        ({ stdout, stderr }) => ({ exitCode: 0, stdout, stderr }),
        ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
          exitCode: code,
          stdout,
          stderr,
        }),
      ),
    [Symbol.asyncDispose]: () => parent[Symbol.asyncDispose](),
  };
}
