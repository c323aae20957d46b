import { appendFile, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { beforeAll, afterAll, describe, expect, it } from '@jest/globals';
import {
  resetEmbeddedPostgres,
  startEmbeddedPostgres,
  stopEmbeddedPostgres,
} from '../../src/database/embedded-postgres.ts';
import { createDataFolder, type DataFolder } from './data-folder.ts';
import { deadProcessId, foreignProcess, serverProcessId, startInOwnProcess } from './processes.ts';
import { query, startStatement } from './query.ts';

describe('on an empty folder', () => {
  it('gives one server to four processes that start at once, and it outlives them', async () => {
    await using data = await createDataFolder();
    const urls = await Promise.all(Array.from({ length: 4 }, () => startInOwnProcess(data.path)));
    expect(new Set(urls).size).toBe(1);
    expect(await readdir(data.parent)).toEqual(['postgres']);
    expect(await query(urls[0]!, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('deletes the leftovers of a killed initdb, but not the folder of a living process', async () => {
    await using data = await createDataFolder();
    const living = `postgres.${process.pid}.00000000`;
    for (const name of [`postgres.${await deadProcessId()}.00000000`, living, 'postgres.old']) {
      await mkdir(join(data.parent, name, 'cluster'), { recursive: true });
    }
    await startEmbeddedPostgres(data.path);
    expect((await readdir(data.parent)).toSorted()).toEqual(['postgres', living, 'postgres.old']);
  });

  it('rejects a folder with other contents', async () => {
    await using data = await createDataFolder();
    await mkdir(data.path);
    await writeFile(join(data.path, 'thesis.txt'), '');
    await expect(startEmbeddedPostgres(data.path)).rejects.toThrow(
      'does not contain a cluster of this project',
    );
    expect(await readdir(data.path)).toEqual(['thesis.txt']);
  });

  it('has nothing to stop or to delete', async () => {
    await using data = await createDataFolder();
    expect(await stopEmbeddedPostgres(data.path)).toBe(false);
    expect(await resetEmbeddedPostgres(data.path)).toBe(false);
  });
});

describe('if the user has linked the data folder to another disk', () => {
  it('follows the link, and a reset deletes nothing else in it', async () => {
    await using data = await createDataFolder();
    await using disk = await createDataFolder();
    await writeFile(join(disk.parent, 'thesis.txt'), '');
    await symlink(disk.path, data.path);
    await startEmbeddedPostgres(data.path);
    expect((await readdir(disk.parent)).toSorted()).toEqual(['postgres', 'thesis.txt']);
    expect(await resetEmbeddedPostgres(data.path)).toBe(true);
    expect(await readdir(disk.parent)).toEqual(['thesis.txt']);
    expect(await readdir(data.parent)).toEqual(['postgres']);
  });
});

describe('the server', () => {
  let data: DataFolder;
  let url: string;
  beforeAll(async () => {
    data = await createDataFolder();
    ({ url } = await startEmbeddedPostgres(data.path));
  });
  afterAll(async () => {
    await data[Symbol.asyncDispose]();
  });

  it('is PostgreSQL 18 with UTF-8, UTC and a platform-independent sort order', async () => {
    const statement = `
      select current_setting('server_version_num')::int / 10000 as major,
             current_setting('server_encoding') as encoding,
             current_setting('timezone') as timezone,
             current_setting('password_encryption') as passwords,
             datlocprovider as provider, datlocale as locale
        from pg_database where datname = current_database()`;
    expect(await query(url, statement)).toEqual([
      {
        major: 18,
        encoding: 'UTF8',
        timezone: 'UTC',
        passwords: 'scram-sha-256',
        provider: 'b',
        locale: 'C.UTF-8',
      },
    ]);
  });

  it('listens on the loopback interface alone', async () => {
    expect(await query(url, 'show unix_socket_directories')).toEqual([{ unix_socket_directories: '' }]);
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal);
    for (const host of ['127.0.0.2', ...others.map(({ address }) => address)]) {
      await expect(query(withHost(url, host), 'select 1')).rejects.toThrow('ECONNREFUSED');
    }
  });

  it('asks for the password, which only its owner can read', async () => {
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    expect((await stat(join(data.path, 'connection.json'))).mode & 0o777).toBe(0o600);
  });

  it('is found again', async () => {
    const pid = await serverProcessId(data.path);
    expect(await startInOwnProcess(data.path)).toBe(url);
    expect(await serverProcessId(data.path)).toBe(pid);
  });
});

describe('after a crash', () => {
  it('recovers a killed server, however many processes ask for it at once', async () => {
    await using data = await createDataFolder();
    const { url } = await startEmbeddedPostgres(data.path);
    await query(url, 'create table kept as select 1 as one');
    process.kill(await serverProcessId(data.path), 'SIGKILL');
    const urls = await Promise.all(Array.from({ length: 4 }, () => startInOwnProcess(data.path)));
    expect(new Set(urls).size).toBe(1);
    expect(await query(urls[0]!, 'select one from kept')).toEqual([{ one: 1 }]);
  });

  it('waits for a session that outlives the killed server, because it still holds its memory', async () => {
    await using data = await createDataFolder();
    const { url } = await startEmbeddedPostgres(data.path);
    // A loop in the server notices the death of the postmaster only when it ends.
    const loop = `do $$ declare until timestamptz := clock_timestamp() + '2 s';
      begin while clock_timestamp() < until loop null; end loop; end $$`;
    const { ended } = await startStatement(url, loop);
    process.kill(await serverProcessId(data.path), 'SIGKILL');
    const again = await startEmbeddedPostgres(data.path);
    await ended;
    expect(await query(again.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('does not mistake another process with the same id for the server', async () => {
    await using data = await createDataFolder();
    await startEmbeddedPostgres(data.path);
    await stopEmbeddedPostgres(data.path);
    using foreign = await foreignProcess(data.path);
    await writePostmasterFile(data.path, foreign.pid);

    expect(await stopEmbeddedPostgres(data.path)).toBe(false);
    const { url } = await startEmbeddedPostgres(data.path);
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(await serverProcessId(data.path)).not.toBe(foreign.pid);
    expect(foreign.child.exitCode ?? foreign.child.signalCode).toBeNull();
  });

  it('starts despite the pid file of a dead process', async () => {
    await using data = await createDataFolder();
    await startEmbeddedPostgres(data.path);
    await stopEmbeddedPostgres(data.path);
    await writePostmasterFile(data.path, await deadProcessId());
    const { url } = await startEmbeddedPostgres(data.path);
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('starting again', () => {
  it('uses another port if the usual one is in use', async () => {
    await using data = await createDataFolder();
    const first = await startEmbeddedPostgres(data.path);
    await stopEmbeddedPostgres(data.path);
    const port = Number(new URL(first.url).port);
    const intruder = createServer().listen(port, '127.0.0.1');
    await once(intruder, 'listening');
    try {
      const second = await startEmbeddedPostgres(data.path);
      expect(Number(new URL(second.url).port)).not.toBe(port);
      expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    } finally {
      intruder.close();
    }
  });

  it('reports the log of a server that cannot start, without the password', async () => {
    await using data = await createDataFolder();
    const { url } = await startEmbeddedPostgres(data.path);
    await stopEmbeddedPostgres(data.path);
    await appendFile(join(data.path, 'postgresql.conf'), 'nonsense = 1\n');
    const start = startEmbeddedPostgres(data.path);
    await expect(start).rejects.toThrow('unrecognized configuration parameter "nonsense"');
    await expect(start).rejects.not.toThrow(new URL(url).password);
  });

  it('finds the data after a stop, and none after a reset', async () => {
    await using data = await createDataFolder();
    const { url } = await startEmbeddedPostgres(data.path);
    await query(url, 'create table kept as select 1 as one');

    expect(await stopEmbeddedPostgres(data.path)).toBe(true);
    await expect(query(url, 'select 1')).rejects.toThrow('ECONNREFUSED');
    expect(await stopEmbeddedPostgres(data.path)).toBe(false);
    const again = await startEmbeddedPostgres(data.path);
    expect(again.url).toBe(url);
    expect(await query(again.url, 'select one from kept')).toEqual([{ one: 1 }]);

    expect(await resetEmbeddedPostgres(data.path)).toBe(true);
    await expect(query(url, 'select 1')).rejects.toThrow('ECONNREFUSED');
    expect(await readdir(data.parent)).toEqual([]);
    const fresh = await startEmbeddedPostgres(data.path);
    expect(new URL(fresh.url).password).not.toBe(new URL(url).password);
    expect(await query(fresh.url, "select to_regclass('kept') as kept")).toEqual([{ kept: null }]);
  });
});

function withHost(url: string, host: string): string {
  const other = new URL(url);
  other.hostname = host;
  return other.href;
}

/** The file as a server leaves it that was ready on a port when the machine crashed. */
async function writePostmasterFile(dataFolder: string, pid: number): Promise<void> {
  const lines = [pid, dataFolder, 1_700_000_000, 1, '', '127.0.0.1', '0 0', 'ready'];
  await writeFile(join(dataFolder, 'postmaster.pid'), `${lines.join('\n')}\n`, { mode: 0o600 });
}
