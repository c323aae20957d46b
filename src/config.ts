import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { isConnectionUrl } from './database/connection-url.ts';

/** All settings that come from the environment. */
export interface Config {
  /** DATABASE_URL: the application's database. If it is absent, the embedded PostgreSQL is used. */
  readonly databaseUrl?: string;
  /** DATABASE_DIRECT_URL: the same database without the pooler of DATABASE_URL. Absent if there is no pooler. */
  readonly databaseDirectUrl?: string;
  /** DATABASE_REPLICA_URL: a streaming replica for reads. If it is absent, all reads use the primary. */
  readonly databaseReplicaUrl?: string;
  /** TEST_DATABASE_URL: the server for the databases of the tests. */
  readonly testDatabaseUrl?: string;
  /** HOST: the address that the API listens on. */
  readonly host: string;
  /** PORT: the port that the API listens on. 0 selects a free port. */
  readonly port: number;
  /** DATABASE_WAIT_MS: how long the API waits at its start for the database, in milliseconds. */
  readonly databaseWaitMs: number;
  /** REQUEST_TIMEOUT_MS: time limit of a request, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** LOG_LEVEL: the lowest level that the API logs. */
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** SHUTDOWN_DELAY_MS: how long the API still accepts requests after a signal to end, in milliseconds. */
  readonly shutdownDelayMs: number;
  /** ACTIVE_COLUMN: the column to stay on as long as possible. Absent if it is `auto`. */
  readonly activeColumn?: string;
  /** ACTIVE_COLUMN_POLL_MS: interval between two reads of the catalog, in milliseconds. */
  readonly activeColumnPollMs: number;
  /** LOCK_TIMEOUT_MS: longest wait for an ACCESS EXCLUSIVE lock in one try, in milliseconds. */
  readonly lockTimeoutMs: number;
  /** LOCK_BUDGET_MS: longest time for an ACCESS EXCLUSIVE lock over all tries, in milliseconds. */
  readonly lockBudgetMs: number;
  /** SWITCHOVER_WAIT_MS: how long contract waits for processes that still use the old column, in milliseconds. */
  readonly switchoverWaitMs: number;
  /** BACKFILL_BATCH_MS: target duration of a backfill batch, in milliseconds. */
  readonly backfillBatchMs: number;
  /** BACKFILL_WORKERS: number of concurrent batches in the migrating process. 0 leaves them to worker processes. */
  readonly backfillWorkers: number;
  /** BACKFILL_LATENCY_URL: URL of the API's latency, for throttling. If it is absent, the backfill ignores latency. */
  readonly backfillLatencyUrl?: string;
}

/** The log levels, from most to least verbose. `notice` omits successful requests. */
const LOG_LEVELS = ['debug', 'info', 'notice', 'warn', 'error', 'silent'] as const;

/** The value of ACTIVE_COLUMN that follows the column change. */
const FOLLOW_CHANGE = 'auto';

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
  ACTIVE_COLUMN: z.string().default(FOLLOW_CHANGE),
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
 * Reads the configuration. An empty variable counts as not set.
 *
 * @param env the variables; by default the process's environment, then the `.env` file of the project
 * @throws Error with one sentence for each invalid variable; it never contains a value, which may be a password
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
    ...(data.ACTIVE_COLUMN !== FOLLOW_CHANGE && { activeColumn: data.ACTIVE_COLUMN }),
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
