import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { CONFIG_VARIABLES, readConfig } from '../src/config.ts';

const URL_VARIABLES = ['DATABASE_URL', 'DATABASE_DIRECT_URL', 'DATABASE_REPLICA_URL', 'TEST_DATABASE_URL'];

describe('readConfig', () => {
  it('has a default for every variable', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      port: 3000,
      databaseWaitMs: 60_000,
      requestTimeoutMs: 10_000,
      logLevel: 'info',
      shutdownDelayMs: 0,
      activeColumnPollMs: 1_000,
      lockTimeoutMs: 100,
      lockBudgetMs: 120_000,
      switchoverWaitMs: 30_000,
      backfillBatchMs: 75,
      backfillWorkers: 1,
    });
  });

  it('reads every variable', () => {
    const env = {
      DATABASE_URL: 'postgresql://app:secret@db.example:5432/app?sslmode=require',
      DATABASE_DIRECT_URL: 'postgresql://app:secret@db.example:5433/app',
      DATABASE_REPLICA_URL: 'postgresql://app:secret@first.example,second.example/app',
      TEST_DATABASE_URL: 'postgres://tests@localhost/postgres',
      HOST: '::1',
      PORT: '0',
      DATABASE_WAIT_MS: '5000',
      REQUEST_TIMEOUT_MS: '2500',
      LOG_LEVEL: 'notice',
      SHUTDOWN_DELAY_MS: '3000',
      ACTIVE_COLUMN: 'created_at',
      ACTIVE_COLUMN_POLL_MS: '250',
      LOCK_TIMEOUT_MS: '50',
      LOCK_BUDGET_MS: '600000',
      SWITCHOVER_WAIT_MS: '0',
      BACKFILL_BATCH_MS: '50',
      BACKFILL_WORKERS: '64',
      BACKFILL_LATENCY_URL: 'http://127.0.0.1:3000/metrics',
    };
    expect(readConfig(env)).toEqual({
      databaseUrl: env.DATABASE_URL,
      databaseDirectUrl: env.DATABASE_DIRECT_URL,
      databaseReplicaUrl: env.DATABASE_REPLICA_URL,
      testDatabaseUrl: env.TEST_DATABASE_URL,
      host: '::1',
      port: 0,
      databaseWaitMs: 5_000,
      requestTimeoutMs: 2_500,
      logLevel: 'notice',
      shutdownDelayMs: 3_000,
      activeColumn: 'created_at',
      activeColumnPollMs: 250,
      lockTimeoutMs: 50,
      lockBudgetMs: 600_000,
      switchoverWaitMs: 0,
      backfillBatchMs: 50,
      backfillWorkers: 64,
      backfillLatencyUrl: 'http://127.0.0.1:3000/metrics',
    });
  });

  it('counts an empty variable as not set', () => {
    const empty = { DATABASE_URL: '', TEST_DATABASE_URL: '', HOST: '', PORT: '' };
    expect(readConfig(empty)).toEqual(readConfig({}));
  });

  it.each(['65536', '-1', '80.5', 'http', '0x50', ' 80'])('refuses the port %j', (PORT) => {
    expect(() => readConfig({ PORT })).toThrow('PORT must be a whole number from 0 to 65535.');
  });

  it.each(['0', '-1', '1.5', '1e3', '60001', '100 ms'])('refuses the lock timeout %j', (LOCK_TIMEOUT_MS) => {
    expect(() => readConfig({ LOCK_TIMEOUT_MS })).toThrow(
      'LOCK_TIMEOUT_MS must be a whole number of milliseconds from 1 to 60000.',
    );
  });

  it.each(['-1', '65', '01', 'two'])('refuses %j workers', (BACKFILL_WORKERS) => {
    expect(() => readConfig({ BACKFILL_WORKERS })).toThrow(
      'BACKFILL_WORKERS must be a whole number from 0 to 64.',
    );
  });

  it.each(['metrics', 'ftp://127.0.0.1/metrics'])('refuses the latency URL %j', (BACKFILL_LATENCY_URL) => {
    expect(() => readConfig({ BACKFILL_LATENCY_URL })).toThrow(
      'BACKFILL_LATENCY_URL must be a URL like http',
    );
  });

  it.each(['http://localhost', 'localhost:3000/', 'two words'])('refuses the host %j', (HOST) => {
    expect(() => readConfig({ HOST })).toThrow('HOST must be a host name or an IP address like 127.0.0.1.');
  });

  it('takes a URL with several hosts', () => {
    const url = 'postgresql://app:s3cret@first:5432,second:5433/app?sslmode=require';
    expect(readConfig({ DATABASE_URL: url })).toMatchObject({ databaseUrl: url });
  });

  it.each([
    'postgresql://a:s3cret@host:5432,host:port/app',
    'mysql://root:s3cret@localhost/app',
    'root:s3cret@localhost',
    'postgresql://a:s3cret@host:port/app',
    'postgres://u:1#s3cret@host/app',
    'postgres://u:1/s3cret@host/app',
    'postgres://u:1?s3cret@host/app',
    'postgres://u:p#w@s3cret/x@host/app',
    'postgres://u:p@s3cret/x@host/app',
    'postgres://u:p@s3cret#x@host/app',
    'postgres://u:p@s3cret?x@first,second/app',
    'postgres://u:s3cret%e4@host/app',
    'postgres://u:s3cret%@host/app',
    'postgres://s3cret%ff:p@host/app',
    'postgres://u:s3cret',
    'postgres://s3cret:12',
    'postgres://s3cret@host',
    ' postgres://u:1/s3cret@host/app',
    'postgres://u:s3cret@host/100%',
  ])('refuses the URL %j without repeating it', (url) => {
    const read = (name: string) => () => readConfig({ [name]: url });
    for (const name of URL_VARIABLES) {
      expect(read(name)).toThrow(
        `${name} must be a URL like postgresql://user:password@host:5432/database, with the name of the database. Percent-encode`,
      );
      expect(read(name)).not.toThrow('s3cret');
    }
  });

  it.each([
    'postgres://u%40tenant:p%23w%40rd%2Fx%3F%25@host/app',
    'postgres://u:p@ss,w:rd[1]@first,second/app',
    'postgres:///app?host=/var/run/postgresql&user=u%40tenant',
    'postgres://u@%2Fvar%2Frun/app?application_name=caf%C3%A9',
  ])('takes the URL %j', (url) => {
    expect(readConfig({ DATABASE_URL: url }).databaseUrl).toBe(url);
  });
});

describe('.env.example', () => {
  const text = readFileSync(join(import.meta.dirname, '../.env.example'), 'utf8');
  const example = parseEnv(text.replaceAll(/^#\s*(?=[A-Z_]+=)/gm, '')); // Whether a variable stands in a comment or not.

  it('lists exactly the variables that are read', () => {
    expect(Object.keys(example).toSorted()).toEqual(CONFIG_VARIABLES.toSorted());
  });

  it('gives the same configuration as an empty environment', () => {
    expect(readConfig(example)).toEqual(readConfig({}));
  });

  it('states every default', () => {
    const stated = Object.keys(example).filter((name) => example[name] !== '');
    const withDefault = Object.keys(readConfig({})).map(variableOf);
    // This default means no column.
    expect(stated.toSorted()).toEqual([...withDefault, 'ACTIVE_COLUMN'].toSorted());
  });
});

/** The variable of a configuration key. */
function variableOf(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
