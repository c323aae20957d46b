import { type RunningCommand, startNode } from './command-line.ts';

const LISTENING = /"Listening on ([^"\s]+)"/;

/** The API in a process of its own, as `npm start` runs it. */
export interface ApiProcess extends RunningCommand, AsyncDisposable {
  /** Where it listens. */
  readonly url: string;
}

/**
 * Starts the API on a free port.
 * @param databaseUrl the database that it serves
 * @param env what is to differ from the test's own environment
 * @throws Error with what it printed, where it ends before it listens
 */
export async function startApiProcess(
  databaseUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ApiProcess> {
  const command = startNode(['src/main.ts'], {
    DATABASE_URL: databaseUrl,
    HOST: '127.0.0.1',
    PORT: '0',
    ...env,
  });
  await command.printed(LISTENING);
  return {
    ...command,
    url: LISTENING.exec(command.output())![1]!,
    async [Symbol.asyncDispose]() {
      command.process.kill('SIGKILL');
      await command.exitCode;
    },
  };
}
