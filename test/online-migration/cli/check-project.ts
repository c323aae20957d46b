import { mkdir, mkdtempDisposable, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CommandResult, runIn } from './plain-project.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** Files by their path in a project. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** Writes migrations into a project with the packages of this one, without a configuration, and checks them. */
export async function check(files: Files, ...options: readonly string[]): Promise<CommandResult> {
  return checkIn({}, files, ...options);
}

/** The same with this environment. */
export async function checkIn(
  environment: Readonly<Record<string, string>>,
  files: Files,
  ...options: readonly string[]
): Promise<CommandResult> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'check-'));
  await symlink(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), content);
  }
  return await runIn(folder.path, environment, ['check', ...options]);
}

/** A statement in the report for programs. */
export interface ReportedStatement {
  readonly file: string;
  readonly line: number;
  readonly statement: string;
  readonly outcome: string;
  readonly rule: string | null;
  readonly warnings?: readonly { readonly rule: string; readonly message: string }[];
  readonly reason?: string;
  readonly instead?: string;
  readonly steps?: readonly { readonly kind: string; readonly statements: readonly string[] }[];
  readonly assumed: readonly string[];
  readonly table?: { readonly name: string; readonly rows: number; readonly bytes: number };
}

/** The statements of a report in JSON, each with its file. */
export function statementsOf({ stdout }: CommandResult): ReportedStatement[] {
  const { files } = JSON.parse(stdout) as {
    files: readonly { file: string; statements: readonly ReportedStatement[] }[];
  };
  return files.flatMap(({ file, statements }) => statements.map((statement) => ({ ...statement, file })));
}

/** The place and the outcome of each statement. */
export function outcomesOf(result: CommandResult): string[] {
  return statementsOf(result).map(({ file, line, outcome }) => `${file}:${line} ${outcome}`);
}
