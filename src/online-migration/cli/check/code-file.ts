import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import type { RecordedMigration } from '../../mikro-orm/recorded-migration.ts';
import { loadModule } from './load-module.ts';
import { FileProblem, type ReadMigration, type SqlText } from './migration-file.ts';
import { recordHandle } from './recorded-handle.ts';
import type { ToolRun } from './tool-run.ts';

const SENDS =
  'It sends statements while it runs (`execute`, an EntityManager). They were recorded with no rows as answers, so statements that depend on an answer may be missing.';

const LEFT_OUT = {
  phase: 'a phase of a column change',
  'as written': "`static ordinary = 'as written'`: it runs as it is written",
};

/**
 * Runs `up` of the migrations of a module, and records their statements in place of sending them.
 * @throws FileProblem if it has no migration, or one that cannot be recorded
 */
export async function readCodeFile(file: string): Promise<ReadMigration> {
  const module = await loadModule(file);
  const lines = new LineFinder(file);
  const texts: SqlText[] = [];
  const record = (sql: string, block?: number) => {
    if (sql.trim() === '') return;
    texts.push({ ...lines.place(sql), isMessage: true, ...(block !== undefined && { block }) });
  };
  const found = migrationsIn(module);
  if (found.length === 0) {
    throw new FileProblem(
      'MIGRATION_NOT_READ',
      'It exports no migration: a class of MikroORM or TypeORM, or a function `up`.',
    );
  }
  const notes = new Set<string>();
  let leftOut: string | undefined;
  let change: ColumnChange | undefined;
  let tool: ToolRun | undefined;
  for (const migration of found) {
    try {
      const recorded = await recordOne(migration, record);
      if (recorded.sends) notes.add(SENDS);
      if (recorded.runsAs !== 'steps') leftOut = LEFT_OUT[recorded.runsAs];
      change ??= recorded.change;
      tool ??= recorded.tool;
    } catch (error) {
      throw notRecorded(error, lines);
    }
  }
  const [note] = notes;
  return {
    texts,
    ...(tool && { tool: hasNoTransaction(module) ? { ...tool, transaction: 'none' } : tool }),
    ...(leftOut !== undefined && { leftOut }),
    ...(note !== undefined && { note }),
    ...(change && { change }),
  };
}

type Migration = (new (...args: never[]) => object) | ((handle: object) => unknown);

/** The classes with a method `up`, or the exported function of this name. */
function migrationsIn(module: Record<string, unknown>): Migration[] {
  const values = [...Object.values(module), ...Object.values(module['default'] ?? {})];
  const classes = values.filter(
    (value): value is Migration => typeof value === 'function' && typeof value.prototype?.up === 'function',
  );
  if (classes.length > 0) return [...new Set(classes)];
  const up = module['up'] ?? (module['default'] as { up?: unknown } | undefined)?.up;
  return typeof up === 'function' ? [up as Migration] : [];
}

/** Knex: `export const config = { transaction: false }`. */
function hasNoTransaction(module: Record<string, unknown>): boolean {
  const config = module['config'] ?? (module['default'] as { config?: unknown } | undefined)?.config;
  return (config as { transaction?: unknown } | undefined)?.transaction === false;
}

async function recordOne(
  migration: Migration,
  record: (sql: string, block?: number) => void,
): Promise<RecordedMigration & { readonly tool?: ToolRun }> {
  // Only a migration of MikroORM needs its packages, and has `addSql`.
  if (typeof migration.prototype?.addSql === 'function') {
    const { isMikroOrmMigration, recordMigration } = await import('../../mikro-orm/recorded-migration.ts');
    if (isMikroOrmMigration(migration)) return await recordMigration(migration, record);
    throw new OnlineMigrationError(
      'MIGRATION_NOT_READ',
      'its class is not of the installed version of @mikro-orm/migrations',
    );
  }
  return { runsAs: 'steps', sends: false, tool: await recordHandle(migration, record) };
}

function notRecorded(error: unknown, lines: LineFinder): FileProblem {
  const reason = error instanceof Error ? error.message : String(error);
  const line = lines.lineOf(error instanceof Error ? error : new Error(reason));
  const told =
    error instanceof OnlineMigrationError
      ? `${reason}.`
      : `its \`up\` throws: ${reason.replace(/\.$/, '')}. A statement that it sends gets no rows as an answer.`;
  return new FileProblem(
    'MIGRATION_NOT_READ',
    `It was not checked, because ${told} Write its statements as SQL in a file of their own, and check that file.`,
    line ?? 1,
    { cause: error },
  );
}

/** Finds the lines on which statements are written in a file. */
class LineFinder {
  readonly #file: string;
  readonly #lines: readonly string[];

  constructor(file: string) {
    this.#file = resolve(file);
    this.#lines = readFileSync(file, 'utf8').split('\n');
  }

  /** Finds the text behind the call that is at work, or gives the line of the call. */
  place(sql: string): SqlText {
    const call = this.lineOf(new Error('place')) ?? 1;
    const written = sql.split('\n');
    const first = written.findIndex((line) => line.trim() !== '');
    const found = this.#lines.findIndex(
      (line, index) => index >= call - 1 && line.includes(written[first]!.trim()),
    );
    return found < 0 ? { sql, line: call, isBuilt: true } : { sql, line: found + 1 - first };
  }

  /** The line of the file at which an error was made. */
  lineOf({ stack = '' }: Error): number | undefined {
    for (const line of stack.split('\n')) {
      const isHere = line.includes(this.#file) || line.includes(pathToFileURL(this.#file).href);
      const place = isHere ? /:(\d+):\d+\)?$/.exec(line) : null;
      if (place !== null) return Number(place[1]);
    }
    return undefined;
  }
}
