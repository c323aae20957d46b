import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import type { ToolRun } from './tool-run.ts';

/** Receives SQL; `block` is the number of the transaction that the migration opens around it. */
type Recorder = (sql: string, block: number | undefined) => void;

/** Members that begin or end a transaction or a connection, and the statement that they stand for. */
const ENDINGS: Readonly<Record<string, string | null>> = {
  connect: null,
  release: null,
  startTransaction: 'begin',
  commitTransaction: 'commit',
  rollbackTransaction: null,
};

/** How the tools run a migration whose handle has a method of this name. */
const TOOLS: Readonly<Record<string, ToolRun>> = {
  raw: { transaction: 'always', without: '`export const config = { transaction: false }`' },
  query: { transaction: 'always', without: '`transaction = false` in its class' },
  sql: { transaction: 'always', without: '`pgm.noTransaction()`' },
  sequelize: { transaction: 'none' },
  'sequelize.transaction': { transaction: 'always', without: 'leave out `sequelize.transaction`' },
};

type Migration = (new (...args: never[]) => object) | ((handle: object) => unknown);

/**
 * Runs `up` of a migration of another tool. Its argument records the SQL that it sends: `queryRunner.query` of TypeORM, `knex.raw`
 * and `knex.schema.raw`, `pgm.sql` of node-pg-migrate, `queryInterface.sequelize.query`.
 *
 * @returns how its tool runs it
 * @throws OnlineMigrationError if it calls another method, which builds SQL of its own
 */
export async function recordHandle(migration: Migration, record: Recorder): Promise<ToolRun> {
  const handle = new RecordedHandle(record);
  if (typeof migration.prototype?.up === 'function') {
    const instance = new (migration as new () => { up(handle: object): unknown; transaction?: unknown })();
    if (instance.transaction === false) handle.hasNoTransaction = true;
    await instance.up(handle.at(''));
  } else {
    await (migration as (handle: object) => unknown)(handle.at(''));
  }
  const tool = TOOLS[handle.tool ?? ''] ?? { transaction: 'always' };
  return handle.hasNoTransaction ? { ...tool, transaction: 'none' } : tool;
}

/** The argument of `up`. */
class RecordedHandle {
  readonly #record: Recorder;
  #blocks = 0;
  /** The member by which the tool is known. */
  tool: string | undefined;
  /** Whether the migration asks for no transaction. */
  hasNoTransaction = false;

  constructor(record: Recorder) {
    this.#record = record;
  }

  /** The object behind a path of members, such as `schema.`. */
  at(path: string, block?: number): object {
    const send = (member: string) => (sql: unknown) => {
      this.tool ??= path === 'sequelize.' ? 'sequelize' : member;
      return recorded(sql, path, (text) => this.#record(text, block));
    };
    const members: Record<string, unknown> = { raw: send('raw'), query: send('query'), sql: send('sql') };
    // A proxy can be called only if its target is a function, as `knex('orders')` is.
    return new Proxy(() => undefined, {
      apply() {
        throw buildsSql('the handle of its tool');
      },
      get: (_, name) => {
        // An object with `then` would be awaited.
        if (typeof name === 'symbol' || name === 'then') return undefined;
        if (Object.hasOwn(members, name)) return members[name];
        if (Object.hasOwn(ENDINGS, name)) {
          return async () => {
            const statement = ENDINGS[name];
            if (statement) this.#record(statement, block);
          };
        }
        if (name === 'noTransaction') return () => void (this.hasNoTransaction = true);
        if (['schema', 'manager', 'sequelize'].includes(name)) return this.at(`${path}${name}.`, block);
        if (name === 'transaction') return (body: unknown) => this.#transaction(path, body);
        throw buildsSql(`\`${path}${name}\``);
      },
    });
  }

  async #transaction(path: string, body: unknown): Promise<unknown> {
    // The statements of Sequelize name the transaction, and go through the same handle as the others.
    if (path === 'sequelize.') this.tool = 'sequelize.transaction';
    return typeof body === 'function' ? body(this.at(path, ++this.#blocks)) : undefined;
  }
}

function buildsSql(called: string): OnlineMigrationError {
  return new OnlineMigrationError(
    'MIGRATION_NOT_READ',
    `it calls ${called}, which builds SQL; only SQL as text is recorded (\`query\`, \`raw\`, \`sql\`)`,
  );
}

/** An answer without rows, with the members of Knex's answer. */
function recorded(sql: unknown, path: string, record: (sql: string) => void): object {
  if (typeof sql !== 'string') {
    throw new OnlineMigrationError(
      'MIGRATION_NOT_READ',
      `it gives \`${path}query\` something other than a text`,
    );
  }
  record(sql);
  const answer = Promise.resolve(Object.assign([], { rows: [] }));
  return Object.assign(answer, { raw: (next: unknown) => recorded(next, path, record) });
}
