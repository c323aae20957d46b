import { features } from '../../src/features.ts';
import type { Feature } from '../../src/http/feature.ts';
import { type RunningCommand, startNode } from './command-line.ts';
import { documentAnswers } from './documented-answers.ts';

const LISTENING = /Listening on ([^"\s]+)["\n]/;

/** The API in a process of its own. */
export interface ApiProcess extends RunningCommand, AsyncDisposable {
  /** Where it listens. */
  readonly url: string;
}

/**
 * Starts the API on a free port.
 * @param databaseUrl the database that it serves
 * @param env what is to differ from the test's own environment
 * @param script what runs it; by default what `npm start` runs
 * @param documented the features with whose document its answers are compared
 * @throws Error with what it printed, where it ends before it listens
 */
export async function startApiProcess(
  databaseUrl: string,
  env: Readonly<Record<string, string>> = {},
  script = 'src/main.ts',
  documented: readonly Feature[] = features,
): Promise<ApiProcess> {
  const command = startNode([script], {
    DATABASE_URL: databaseUrl,
    HOST: '127.0.0.1',
    PORT: '0',
    ...env,
  });
  await command.printed(LISTENING);
  const url = LISTENING.exec(command.output())![1]!;
  const documentation = documentAnswers(url, documented);
  return {
    ...command,
    url,
    async [Symbol.asyncDispose]() {
      documentation[Symbol.dispose]();
      command.process.kill('SIGKILL');
      await command.exitCode;
    },
  };
}
