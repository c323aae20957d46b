import { OnlineMigrationError } from '../../change/online-migration-error.ts';

type Recorder = (sql: string) => void;

/** Members that only begin or end a transaction or a connection. */
const ENDS_NOTHING = new Set([
  'connect',
  'release',
  'startTransaction',
  'commitTransaction',
  'rollbackTransaction',
]);

/**
 * Runs `up` of a migration of another tool. Its argument records the SQL that it sends: `queryRunner.query` of TypeORM, `knex.raw`
 * and `knex.schema.raw`, `pgm.sql` of node-pg-migrate, `queryInterface.sequelize.query`.
 *
 * @throws OnlineMigrationError if it calls another method, which builds SQL of its own
 */
export async function recordHandle(
  migration: (new (...args: never[]) => object) | ((handle: object) => unknown),
  record: Recorder,
): Promise<void> {
  const handle = handleOf('', record);
  if (typeof migration.prototype?.up === 'function') {
    const instance = new (migration as new () => { up(handle: object): unknown })();
    await instance.up(handle);
  } else {
    await (migration as (handle: object) => unknown)(handle);
  }
}

function handleOf(path: string, record: Recorder): object {
  const members: Record<string, unknown> = {
    raw: (sql: unknown) => recorded(sql, path, record),
    query: (sql: unknown) => recorded(sql, path, record),
    sql: (sql: unknown) => recorded(sql, path, record),
  };
  // A proxy can be called only if its target is a function, as `knex('orders')` is.
  return new Proxy(() => undefined, {
    apply() {
      throw buildsSql('the handle of its tool');
    },
    get(_, name) {
      // An object with `then` would be awaited.
      if (typeof name === 'symbol' || name === 'then') return undefined;
      if (Object.hasOwn(members, name)) return members[name];
      if (ENDS_NOTHING.has(name)) return async () => undefined;
      if (['schema', 'manager', 'sequelize'].includes(name)) return handleOf(`${path}${name}.`, record);
      if (name === 'transaction')
        return async (body: unknown) =>
          typeof body === 'function' ? body(handleOf(path, record)) : undefined;
      throw buildsSql(`\`${path}${name}\``);
    },
  });
}

function buildsSql(called: string): OnlineMigrationError {
  return new OnlineMigrationError(
    'MIGRATION_NOT_READ',
    `it calls ${called}, which builds SQL; only SQL as text is recorded (\`query\`, \`raw\`, \`sql\`)`,
  );
}

/** An answer without rows, with the members of Knex's answer. */
function recorded(sql: unknown, path: string, record: Recorder): object {
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
