import { MikroORM } from '@mikro-orm/postgresql';
import { buildApplication } from '../../src/http/application.ts';
import { listen } from '../../src/http/listener.ts';
import { ormOptions } from '../../src/large-record/orm.ts';

/** The API, served by the process of the test. */
export interface TestApplication extends AsyncDisposable {
  /** Where it listens. */
  readonly url: string;
  /** The lines that it logged. */
  readonly log: readonly string[];
}

/**
 * @param databaseUrl the database that it serves
 * @returns the API on a free port of the loopback interface
 */
export async function startTestApplication(databaseUrl: string): Promise<TestApplication> {
  const orm = await MikroORM.init(ormOptions(databaseUrl));
  const log: string[] = [];
  const application = await buildApplication(orm, (line) => log.push(line));
  const listener = await listen(application, '127.0.0.1', 0);
  return {
    url: listener.url,
    log,
    async [Symbol.asyncDispose]() {
      await listener.close();
      await orm.close();
    },
  };
}
