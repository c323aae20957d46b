import { type RunningCommand, startNode } from './command-line.ts';

/** One of the processes of a backfill, which no test leaves behind. */
export interface BackfillProcess extends RunningCommand, AsyncDisposable {}

/** Starts `npm run backfill -- work`. */
export function startWorker(
  databaseUrl: string,
  env: Readonly<Record<string, string>> = {},
): BackfillProcess {
  return owned(startNode(['src/commands/backfill.ts', 'work'], { DATABASE_URL: databaseUrl, ...env }));
}

/**
 * Starts `BACKFILL_WORKERS=0 npx mikro-orm …`, which leaves the ranges to worker processes.
 * @param args what follows `mikro-orm`
 */
export function startHandingOut(databaseUrl: string, ...args: string[]): BackfillProcess {
  return owned(
    startNode(['node_modules/@mikro-orm/cli/cli.js', ...args], {
      DATABASE_URL: databaseUrl,
      BACKFILL_WORKERS: '0',
    }),
  );
}

function owned(command: RunningCommand): BackfillProcess {
  return {
    ...command,
    async [Symbol.asyncDispose]() {
      command.process.kill('SIGKILL');
      await command.exitCode;
    },
  };
}
