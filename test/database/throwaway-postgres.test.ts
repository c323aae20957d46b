import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { startThrowawayPostgres } from '../../src/database/throwaway-postgres.ts';
import { isAlive } from '../../src/database/server-process.ts';
import { query } from './query.ts';

describe('startThrowawayPostgres', () => {
  it('starts a server with the given settings', async () => {
    await using server = await startThrowawayPostgres({ settings: { fsync: 'off', work_mem: '7MB' } });
    expect(await query(server.url(), "select current_setting('work_mem') as memory")).toEqual([
      { memory: '7MB' },
    ]);
    const sources = `select distinct source from pg_settings where name in ('fsync', 'work_mem')`;
    expect(await query(server.url(), sources)).toEqual([{ source: 'configuration file' }]);
    await query(server.url(), 'create database "odd name"');
    expect(await query(server.url('odd name'), 'select current_database() as name')).toEqual([
      { name: 'odd name' },
    ]);
  });

  it('starts again on the same data and port after a crash, or while it is running', async () => {
    await using server = await startThrowawayPostgres();
    const url = server.url();
    const firstPid = server.pid;
    await query(url, 'create table kept as select 1 as one');
    process.kill(firstPid, 'SIGKILL');
    await server.restart();
    const secondPid = server.pid;
    await server.restart();
    expect(new Set([firstPid, secondPid, server.pid]).size).toBe(3);
    expect(server.url()).toBe(url);
    expect(await query(url, 'select one from kept')).toEqual([{ one: 1 }]);
  });

  it('is deleted after two concurrent disposals', async () => {
    const server = await startThrowawayPostgres();
    await Promise.all([server[Symbol.asyncDispose](), server[Symbol.asyncDispose]()]);
    await server[Symbol.asyncDispose]();
    expect(await isAlive(server.pid)).toBe(false);
    await expect(access(dirname(server.dataFolder))).rejects.toThrow('ENOENT');
  });

  it('leaves nothing behind if it cannot start', async () => {
    const before = await ownFolders(); // For a single file, Jest runs in the process that owns the tests' server.
    const failure = startThrowawayPostgres({ settings: { shared_preload_libraries: 'no_such_library' } });
    await expect(failure).rejects.toThrow('no_such_library');
    expect(await ownFolders()).toEqual(before);
  });

  it('deletes the leftovers of a killed owner', async () => {
    const script = join(import.meta.dirname, 'start-throwaway-postgres.ts');
    const owner = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(owner.stdout, 'data')) as [Buffer];
    const left = JSON.parse(line.toString()) as { pid: number; dataFolder: string };
    owner.kill('SIGKILL');
    await once(owner, 'close');
    expect(await isAlive(left.pid)).toBe(true);

    await using _server = await startThrowawayPostgres();
    expect(await isAlive(left.pid)).toBe(false);
    await expect(access(dirname(left.dataFolder))).rejects.toThrow('ENOENT');
  });
});

/** The folders of this process's servers. */
async function ownFolders(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.includes(`.${process.pid}.`));
}
