import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { isConnectionUrl } from './database/connection-url.ts';

/** Everything that the environment decides. */
export interface Config {
  /** DATABASE_URL: the application's database; absent where the embedded PostgreSQL serves. */
  readonly databaseUrl?: string;
  /** DATABASE_DIRECT_URL: the same database past the pooler that DATABASE_URL leads through; absent where none is. */
  readonly databaseDirectUrl?: string;
  /** DATABASE_REPLICA_URL: a streaming replica for reads; absent where all go to the primary. */
  readonly databaseReplicaUrl?: string;
  /** TEST_DATABASE_URL: the server on which the tests create their databases. */
  readonly testDatabaseUrl?: string;
  /** HOST: the address on which the API listens. */
  readonly host: string;
  /** PORT: the port on which the API listens; 0 lets the system choose one. */
  readonly port: number;
  /** DATABASE_WAIT_MS: how long the API waits at its start for a database that does not answer, in milliseconds. */
  readonly databaseWaitMs: number;
  /** REQUEST_TIMEOUT_MS: no request takes longer, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** LOG_LEVEL: from which level on the API writes lines to its log. */
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** SHUTDOWN_DELAY_MS: how long the API takes requests after it has been told to end, in milliseconds. */
  readonly shutdownDelayMs: number;
  /** ACTIVE_COLUMN: the column to stay on as long as it can be; absent where it is `auto`. */
  readonly activeColumn?: string;
  /** ACTIVE_COLUMN_POLL_MS: pause between two looks at the catalog, in milliseconds. */
  readonly activeColumnPollMs: number;
  /** LOCK_TIMEOUT_MS: longest wait for a strong lock in one try, in milliseconds. */
  readonly lockTimeoutMs: number;
  /** LOCK_BUDGET_MS: longest time over all tries for a strong lock, in milliseconds. */
  readonly lockBudgetMs: number;
  /** SWITCHOVER_WAIT_MS: how long contract waits for processes that still use the old column, in milliseconds. */
  readonly switchoverWaitMs: number;
  /** BACKFILL_BATCH_MS: how long a batch of the backfill is to last, in milliseconds. */
  readonly backfillBatchMs: number;
  /** BACKFILL_WORKERS: how many batches at once in the migrating process; 0 leaves them to worker processes. */
  readonly backfillWorkers: number;
  /** BACKFILL_LATENCY_URL: where the backfill asks for the API's latency, absent where it does not. */
  readonly backfillLatencyUrl?: string;
}

/** What the log may be limited to, from the most to the least; `notice` is all but the requests. */
const LOG_LEVELS = ['debug', 'info', 'notice', 'warn', 'error', 'silent'] as const;

/** The value of ACTIVE_COLUMN that stays on no column. */
const FOLLOW_MOVES = 'auto';

const DOTENV_FILE = join(import.meta.dirname, '../.env');

const databaseUrl = z.string().refine(isConnectionUrl, {
  error:
    'must be a URL like postgresql://user:password@host:5432/database, with the name of the database. Percent-encode the ' +
    'special characters of names, passwords and parameters: @ as %40, / as %2F, # as %23, ? as %3F, % as %25',
});
const portExpectation = { error: 'must be a whole number from 0 to 65535' };

/** A whole number of milliseconds. */
function milliseconds(least: number, greatest: number, otherwise: number) {
  const error = `must be a whole number of milliseconds from ${least} to ${greatest}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, { error })
    .transform(Number)
    .refine((value) => value >= least && value <= greatest, { error })
    .default(otherwise);
}

const environmentSchema = z.object({
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_DIRECT_URL: databaseUrl.optional(),
  DATABASE_REPLICA_URL: databaseUrl.optional(),
  TEST_DATABASE_URL: databaseUrl.optional(),
  HOST: z
    .string()
    .regex(/^[\w.:%-]+$/, { error: 'must be a host name or an IP address like 127.0.0.1' })
    .default('127.0.0.1'),
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, portExpectation)
    .transform(Number)
    .refine((port) => port <= 65_535, portExpectation)
    .default(3000),
  DATABASE_WAIT_MS: milliseconds(0, 86_400_000, 60_000),
  REQUEST_TIMEOUT_MS: milliseconds(100, 600_000, 10_000),
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  SHUTDOWN_DELAY_MS: milliseconds(0, 600_000, 0),
  ACTIVE_COLUMN: z.string().default(FOLLOW_MOVES),
  ACTIVE_COLUMN_POLL_MS: milliseconds(10, 3_600_000, 1_000),
  LOCK_TIMEOUT_MS: milliseconds(1, 60_000, 100),
  LOCK_BUDGET_MS: milliseconds(0, 86_400_000, 120_000),
  SWITCHOVER_WAIT_MS: milliseconds(0, 86_400_000, 30_000),
  BACKFILL_BATCH_MS: milliseconds(1, 10_000, 100),
  BACKFILL_WORKERS: z
    .string()
    .regex(/^(\d|[1-5]\d|6[0-4])$/, { error: 'must be a whole number from 0 to 64' })
    .transform(Number)
    .default(1),
  BACKFILL_LATENCY_URL: z
    .string()
    .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), {
      error: 'must be a URL like http://127.0.0.1:3000/metrics',
    })
    .optional(),
});

/** The names of all variables that {@link readConfig} reads. */
export const CONFIG_VARIABLES: readonly string[] = Object.keys(environmentSchema.shape);

/**
 * Reads the configuration. A variable that is empty counts as not set.
 *
 * @param env where to read; by default the process's environment over the `.env` file of the project's root
 * @throws Error with one sentence for each bad variable; a value is never repeated, it may hold a password
 */
export function readConfig(env: NodeJS.ProcessEnv = environmentOverDotenv()): Config {
  const setVariables = Object.fromEntries(Object.entries(env).filter(([, value]) => value));
  const { success, data, error } = environmentSchema.safeParse(setVariables);
  if (!success) {
    throw new Error(error.issues.map(({ path, message }) => `${path.join('.')} ${message}.`).join('\n'));
  }
  return {
    ...(data.DATABASE_URL && { databaseUrl: data.DATABASE_URL }),
    ...(data.DATABASE_DIRECT_URL && { databaseDirectUrl: data.DATABASE_DIRECT_URL }),
    ...(data.DATABASE_REPLICA_URL && { databaseReplicaUrl: data.DATABASE_REPLICA_URL }),
    ...(data.TEST_DATABASE_URL && { testDatabaseUrl: data.TEST_DATABASE_URL }),
    host: data.HOST,
    port: data.PORT,
    databaseWaitMs: data.DATABASE_WAIT_MS,
    requestTimeoutMs: data.REQUEST_TIMEOUT_MS,
    logLevel: data.LOG_LEVEL,
    shutdownDelayMs: data.SHUTDOWN_DELAY_MS,
    ...(data.ACTIVE_COLUMN !== FOLLOW_MOVES && { activeColumn: data.ACTIVE_COLUMN }),
    activeColumnPollMs: data.ACTIVE_COLUMN_POLL_MS,
    lockTimeoutMs: data.LOCK_TIMEOUT_MS,
    lockBudgetMs: data.LOCK_BUDGET_MS,
    switchoverWaitMs: data.SWITCHOVER_WAIT_MS,
    backfillBatchMs: data.BACKFILL_BATCH_MS,
    backfillWorkers: data.BACKFILL_WORKERS,
    ...(data.BACKFILL_LATENCY_URL && { backfillLatencyUrl: data.BACKFILL_LATENCY_URL }),
  };
}

function environmentOverDotenv(): NodeJS.ProcessEnv {
  const dotenv = existsSync(DOTENV_FILE) ? parseEnv(readFileSync(DOTENV_FILE, 'utf8')) : {};
  return { ...dotenv, ...process.env };
}
