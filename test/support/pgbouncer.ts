import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { freePort } from '../../src/database/free-port.ts';
import { type OperatingSystemUser, serverUser } from '../../src/database/operating-system-user.ts';

/** In Debian, only root's PATH contains its folder. */
const PROGRAMS = ['pgbouncer', '/usr/sbin/pgbouncer'];
const PROGRAM = PROGRAMS.find((program) => spawnSync(program, ['--version']).status === 0);

/** A pooler between the application and its database. */
export interface PgBouncer extends AsyncDisposable {
  /** The URL of the database through the pooler. */
  readonly url: string;
}

/** How PgBouncer assigns its sessions. */
interface Pooling {
  /** How long a client keeps a session. */
  readonly mode: 'session' | 'transaction';
  /** Number of sessions. */
  readonly sessions: number;
  /** Whether the longest idle session is assigned next, or the last used one. */
  readonly roundRobin?: boolean;
}

const describeOrSkip = PROGRAM === undefined ? describe.skip : describe;

/** A block of tests that need PgBouncer. If it is not installed, they are skipped with a message. */
export function describeWithPgBouncer(what: string, tests: () => void): void {
  const title = PROGRAM === undefined ? `${what} (SKIPPED: apt-get install pgbouncer)` : what;
  if (PROGRAM === undefined) console.warn(title);
  describeOrSkip(title, tests);
}

/**
 * Starts PgBouncer in front of a server, for all its databases and any user.
 * @param databaseUrl of a database reachable by TCP
 * @throws Error with its output if it does not start
 */
export async function startPgBouncer(databaseUrl: string, pooling: Pooling): Promise<PgBouncer> {
  const target = new URL(databaseUrl);
  const user = await serverUser();
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'pgbouncer-'));
  resources.defer(() => rm(folder, { recursive: true }));
  const port = await freePort();
  const file = join(folder, 'pgbouncer.ini');
  await writeFile(file, settings(target, port, pooling), { mode: 0o600 });
  if (user) for (const path of [folder, file]) await chown(path, user.uid, user.gid);
  const child = resources.adopt(await start(file, user), stop);
  child.unref();
  const owned = resources.move();
  target.hostname = '127.0.0.1';
  target.port = String(port);
  return { url: target.href, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function settings(
  { hostname, port: serverPort, username, password }: URL,
  port: number,
  { mode, sessions, roundRobin = false }: Pooling,
): string {
  const server = `host=${hostname} port=${serverPort || 5432}`;
  const role = `user='${decodeURIComponent(username)}' password='${decodeURIComponent(password)}'`;
  return `
[databases]
* = ${server} ${role}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = ${sessions}
server_round_robin = ${Number(roundRobin)}
`;
}

/** PgBouncer refuses to run as root. */
async function start(file: string, user: OperatingSystemUser | undefined): Promise<ChildProcess> {
  const child = spawn(PROGRAM!, [file], { stdio: ['ignore', 'ignore', 'pipe'], ...user });
  const ended = once(child, 'close');
  let output = '';
  child.stderr.setEncoding('utf8');
  await Promise.race([
    new Promise<void>((resolve) => {
      child.stderr.on('data', (text: string) => {
        output += text;
        if (output.includes('process up')) resolve();
      });
    }),
    ended.then(() => {
      throw new Error(`PgBouncer did not start:\n${output}`);
    }),
  ]);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'close');
}
