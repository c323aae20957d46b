import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
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

/** A variable of the environment: the form of its text, and its value. */
interface Variable<T> {
  /** Returns undefined if the text does not have the form. */
  readonly parse: (text: string) => T | undefined;
  /** The form in words: `must be …`. */
  readonly form: string;
  /** The value if the variable is not set. */
  readonly otherwise: T;
}

/** A text for which a condition is true. It is optional without a default. */
function text<T extends string | undefined = undefined>(
  form: string,
  isValid: (text: string) => boolean,
  otherwise?: T,
): Variable<string | T> {
  return { form, parse: (given) => (isValid(given) ? given : undefined), otherwise: otherwise as T };
}

function wholeNumber(least: number, greatest: number, otherwise: number, unit = ''): Variable<number> {
  return {
    form: `must be a whole number${unit} from ${least} to ${greatest}`,
    parse(given) {
      const number = /^(0|[1-9]\d{0,8})$/.test(given) ? Number(given) : -1;
      return number >= least && number <= greatest ? number : undefined;
    },
    otherwise,
  };
}

function milliseconds(least: number, greatest: number, otherwise: number): Variable<number> {
  return wholeNumber(least, greatest, otherwise, ' of milliseconds');
}

const databaseUrl = text(
  'must be a URL like postgresql://user:password@host:5432/database, with the name of the database. Percent-encode the ' +
    'special characters of names, passwords and parameters: @ as %40, / as %2F, # as %23, ? as %3F, % as %25',
  isConnectionUrl,
);

const logLevel: Variable<Config['logLevel']> = {
  form: `must be one of ${LOG_LEVELS.join(', ')}`,
  parse: (given) => LOG_LEVELS.find((level) => level === given),
  otherwise: 'info',
};

const VARIABLES = {
  DATABASE_URL: databaseUrl,
  DATABASE_DIRECT_URL: databaseUrl,
  DATABASE_REPLICA_URL: databaseUrl,
  TEST_DATABASE_URL: databaseUrl,
  HOST: text(
    'must be a host name or an IP address like 127.0.0.1',
    (given) => /^[\w.:%-]+$/.test(given),
    '127.0.0.1',
  ),
  PORT: wholeNumber(0, 65_535, 3000),
  DATABASE_WAIT_MS: milliseconds(0, 86_400_000, 60_000),
  REQUEST_TIMEOUT_MS: milliseconds(100, 600_000, 10_000),
  LOG_LEVEL: logLevel,
  SHUTDOWN_DELAY_MS: milliseconds(0, 600_000, 0),
  ACTIVE_COLUMN: text('must be the name of a column', () => true, FOLLOW_CHANGE),
  ACTIVE_COLUMN_POLL_MS: milliseconds(10, 3_600_000, 1_000),
  LOCK_TIMEOUT_MS: milliseconds(1, 60_000, 100),
  LOCK_BUDGET_MS: milliseconds(0, 86_400_000, 120_000),
  SWITCHOVER_WAIT_MS: milliseconds(0, 86_400_000, 30_000),
  BACKFILL_BATCH_MS: milliseconds(1, 10_000, 75),
  BACKFILL_WORKERS: wholeNumber(0, 64, 1),
  BACKFILL_LATENCY_URL: text('must be a URL like http://127.0.0.1:3000/metrics', (given) =>
    /^https?:$/.test(URL.parse(given)?.protocol ?? ''),
  ),
};

type Values = {
  readonly [Name in keyof typeof VARIABLES]: (typeof VARIABLES)[Name] extends Variable<infer T> ? T : never;
};

/** The names of all variables that {@link readConfig} reads. */
export const CONFIG_VARIABLES: readonly string[] = Object.keys(VARIABLES);

/**
 * Reads the configuration. An empty variable counts as not set.
 *
 * @param env the variables; by default the process's environment, then the `.env` file of the project
 * @throws Error with one sentence for each invalid variable; it never contains a value, which may be a password
 */
export function readConfig(env: NodeJS.ProcessEnv = environmentOverDotenv()): Config {
  const data = parseVariables(env);
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

function parseVariables(env: NodeJS.ProcessEnv): Values {
  const problems: string[] = [];
  const values = Object.entries<Variable<unknown>>(VARIABLES).map(([name, { parse, form, otherwise }]) => {
    const given = env[name];
    if (!given) return [name, otherwise];
    const value = parse(given);
    if (value === undefined) problems.push(`${name} ${form}.`);
    return [name, value];
  });
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return Object.fromEntries(values) as Values;
}

function environmentOverDotenv(): NodeJS.ProcessEnv {
  const dotenv = existsSync(DOTENV_FILE) ? parseEnv(readFileSync(DOTENV_FILE, 'utf8')) : {};
  return { ...dotenv, ...process.env };
}
