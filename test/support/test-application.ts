import { type Config, readConfig } from '../../src/config.ts';
import { resolveDatabase } from '../../src/database/resolve-database.ts';
import { features } from '../../src/features.ts';
import type { Feature } from '../../src/http/feature.ts';
import { listen } from '../../src/http/listener.ts';
import { createLog } from '../../src/http/log.ts';
import { openApplication } from '../../src/http/open-application.ts';
import { documentAnswers } from './documented-answers.ts';

/** The API in the test's process. */
export interface TestApplication extends AsyncDisposable {
  /** Its URL. */
  readonly url: string;
  /** The logged messages, except those of successful requests. */
  readonly log: readonly string[];
  /** All logged lines. */
  readonly logged: readonly LogLine[];
}

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string };

/**
 * @param databaseUrl the database that it serves; may name several hosts
 * @param options settings that differ from the defaults
 * @param served the features; by default those of the application
 * @returns the API on a free port of the loopback interface
 */
export async function startTestApplication(
  databaseUrl: string,
  options: Partial<Config> = {},
  served: readonly Feature[] = features,
): Promise<TestApplication> {
  await using resources = new AsyncDisposableStack();
  const config = { ...readConfig({}), ...options };
  const { servers } = await resolveDatabase({ ...config, databaseUrl });
  const logged: LogLine[] = [];
  const log = createLog('debug', { write: (line) => void logged.push(JSON.parse(line) as LogLine) });
  const stopping = new AbortController().signal;
  const application = resources.use(await openApplication(served, servers, { config, stopping, log }));
  const listener = await listen(application.koa, '127.0.0.1', 0, { ...config, log });
  resources.defer(() => listener.close(config.requestTimeoutMs));
  resources.use(await documentAnswers(listener.url, served));
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
