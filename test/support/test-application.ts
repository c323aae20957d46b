import { type Config, readConfig } from '../../src/config.ts';
import { applicationConnections } from '../../src/database/application-connections.ts';
import { resolveDatabase } from '../../src/database/resolve-database.ts';
import { buildApplication } from '../../src/http/application.ts';
import { listen } from '../../src/http/listener.ts';
import { createLog } from '../../src/http/log.ts';
import { openOrm } from '../../src/orm/open-orm.ts';
import { openReplicaOrm } from '../../src/http/followed-changes.ts';

/** The API, served by the process of the test. */
export interface TestApplication extends AsyncDisposable {
  /** Where it listens. */
  readonly url: string;
  /** The messages that it logged, but for those of requests that went well. */
  readonly log: readonly string[];
  /** The lines that it logged, all of them. */
  readonly logged: readonly LogLine[];
}

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string };

/**
 * @param databaseUrl the database that it serves; may name several hosts
 * @param options what is to differ from the default configuration
 * @returns the API on a free port of the loopback interface
 */
export async function startTestApplication(
  databaseUrl: string,
  options: Partial<Config> = {},
): Promise<TestApplication> {
  await using resources = new AsyncDisposableStack();
  const config = { ...readConfig({}), ...options };
  const { servers } = await resolveDatabase({ ...config, databaseUrl });
  const connections = applicationConnections(servers, config.requestTimeoutMs);
  const { orm } = resources.use(await openOrm(servers.requests[0]!, connections.pool));
  const replica = config.databaseReplicaUrl
    ? resources.use(await openReplicaOrm(config.databaseReplicaUrl, config.requestTimeoutMs))
    : undefined;
  const logged: LogLine[] = [];
  const log = createLog('debug', { write: (line) => void logged.push(JSON.parse(line) as LogLine) });
  const application = resources.use(
    await buildApplication(orm, {
      config,
      connection: () => connections.session(),
      replica: replica?.orm,
      stopping: new AbortController().signal,
      log,
    }),
  );
  const listener = await listen(application.koa, '127.0.0.1', 0, { ...config, log });
  resources.defer(() => listener.close(config.requestTimeoutMs));
  const owned = resources.move();
  return {
    url: listener.url,
    get log() {
      return logged.filter(({ level }) => level !== 'info').map(({ msg }) => msg);
    },
    logged,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
