import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtempDisposable, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { linkPackages } from '../../support/project-copy.ts';
import type { Acknowledged, Served } from './load.ts';

const ROOT = join(import.meta.dirname, '../../..');
/** A block of a page; of TypeScript, the first line names the file. */
const BLOCK = /^```(\w+)\n(.*?)^```$/gms;
const FILE_NAME = /^\/\/ (\S+\.ts)\n/;

/** Strict, and for TypeScript that Node.js runs by type stripping. */
const COMPILER_OPTIONS = {
  module: 'nodenext',
  target: 'esnext',
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
};

/** The blocks of docs/other-tools.md in one language, in their order. */
export async function readBlocks(language: 'ts' | 'sh' | 'sql'): Promise<string[]> {
  const page = await readFile(join(ROOT, 'docs/other-tools.md'), 'utf8');
  return [...page.matchAll(BLOCK)].filter(([, name]) => name === language).map(([, , text]) => text!);
}

/** A project that has the files of docs/other-tools.md. */
export interface ToolProject extends AsyncDisposable {
  readonly folder: string;
  /** Type-checks files of the project and their imports; returns the compiler's output. */
  compile(...files: string[]): Promise<string>;
  /** Runs a command of the page, `npx online-migration …`; returns its output. */
  command(line: string, url: string): Promise<string>;
  /** Starts a process that writes and reads orders through a file of the page. */
  startLoad(file: string, url: string): Load;
}

/** A process that writes and reads orders until it is stopped. */
export interface Load extends AsyncDisposable {
  readonly failures: readonly string[];
  /** Resolves when so many more requests are done on a column. */
  servedOn(column: string, requests: number): Promise<void>;
  /** Ends the process after the requests in flight; returns the acknowledged totals by id. */
  stop(): Promise<Map<string, string>>;
}

/** Writes the files of docs/other-tools.md into a temporary project. */
export async function openToolProject(): Promise<ToolProject> {
  const temporary = await mkdtempDisposable(join(tmpdir(), 'other-tools-'));
  const folder = temporary.path;
  await linkPackages(folder);
  const own = join(folder, 'node_modules/online-migration');
  await rm(own);
  await symlink(join(ROOT, 'src/online-migration'), own);
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  for (const text of await readBlocks('ts')) {
    const path = join(folder, FILE_NAME.exec(text)![1]!);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  await cp(join(import.meta.dirname, 'load.ts'), join(folder, 'load.ts'));

  return {
    folder,
    async compile(...files) {
      const config = JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files });
      await writeFile(join(folder, 'tsconfig.json'), config);
      const compiler = join(folder, 'node_modules/typescript/bin/tsc');
      return promisify(execFile)(process.execPath, [compiler], { cwd: folder }).then(
        ({ stdout }) => stdout,
        ({ stdout }: { stdout: string }) => stdout,
      );
    },
    async command(line, url) {
      const [npx, program, ...args] = line.split(' ');
      if (npx !== 'npx' || program !== 'online-migration') throw new Error(`Not a command: ${line}`);
      const file = join(folder, 'node_modules/.bin', program);
      const env = { ...process.env, NODE_OPTIONS: '', DATABASE_URL: url };
      const { stdout } = await promisify(execFile)(process.execPath, [file, ...args], { cwd: folder, env });
      return stdout;
    },
    startLoad: (file, url) => startLoad(folder, file, url),
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

function startLoad(folder: string, file: string, url: string): Load {
  const child = fork(join(folder, 'load.ts'), [`./${file}`], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1', DATABASE_URL: url },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const failures: string[] = [];
  const closed = once(child, 'close');
  let errors = '';
  let acknowledged: Acknowledged['acknowledged'] | undefined;
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.on('message', (message: Served | Acknowledged) => {
    if ('acknowledged' in message) acknowledged = message.acknowledged;
    else if (message.failure !== undefined) failures.push(message.failure);
  });
  return {
    failures,
    async servedOn(column, requests) {
      for (let served = 0; served < requests;) {
        const [message] = (await Promise.race([once(child, 'message'), closed])) as [Served | number];
        if (typeof message !== 'object') throw new Error(`The load ended with ${message}:\n${errors}`);
        if (message.column === column) served += 1;
      }
    },
    async stop() {
      child.send('stop');
      await closed;
      if (acknowledged === undefined) throw new Error(`The load failed:\n${errors}`);
      return new Map(acknowledged);
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await closed;
    },
  };
}
