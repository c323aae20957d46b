import { features } from '../../src/features.ts';
import type { Feature } from '../../src/http/feature.ts';
import { type RunningCommand, startNode } from './command-line.ts';
import { documentAnswers } from './documented-answers.ts';

const LISTENING = /Listening on ([^"\s]+)["\n]/;

/** The API in a separate process. */
export interface ApiProcess extends RunningCommand, AsyncDisposable {
  /** Its URL. */
  readonly url: string;
}

/**
 * Starts the API on a free port.
 * @param databaseUrl the database that it serves
 * @param env environment variables that differ from the test's own
 * @param script the script to run; by default that of `npm start`
 * @param documented the features whose document its answers are compared with
 * @throws Error with its output if it ends before it listens
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
  const documentation = await documentAnswers(url, documented);
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
