import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { isAlive } from '../../../src/database/server-process.ts';
import { startGroupedServer } from '../../../src/showcase/bench-large/grouped-server.ts';
import { NoMemoryGroupError } from '../../../src/showcase/bench-large/memory-group.ts';
import { connect } from '../../../src/showcase/harness/connection.ts';
import { describeInGroup } from './in-memory-group.ts';

const SHARED_BUFFERS = 16 * 2 ** 20;
const { signal } = new AbortController();

function refuse(): Promise<never> {
  return Promise.reject(new NoMemoryGroupError('there is none'));
}

/** Starts a server in a group in a process of its own, and kills that process. */
async function leaveServer(): Promise<{ serverPid: number; processFile: string }> {
  const script = join(import.meta.dirname, 'start-grouped-server.ts');
  const owner = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output] = (await once(owner.stdout, 'data')) as [Buffer];
  owner.kill('SIGKILL');
  await once(owner, 'close');
  return JSON.parse(output.toString()) as { serverPid: number; processFile: string };
}

describeInGroup('a server in a memory group', () => {
  it('has all of its processes in the group', async () => {
    await using grouped = await startGroupedServer(SHARED_BUFFERS, signal);
    await using later = await connect(grouped.server.url());
    const { rows } = await later.query<{ pid: number; shared: string; wal: string }>(`
      select pid, current_setting('shared_buffers') as shared, current_setting('wal_buffers') as wal from pg_stat_activity`);
    expect(rows[0]).toMatchObject({ shared: '16MB', wal: '16MB' });
    expect(grouped.noGroupReason).toBeNull();
    const name = basename(dirname(grouped.group!.processFile));
    const pids = [grouped.server.pid, ...rows.map(({ pid }) => pid)];
    for (const pid of pids) expect(await readFile(`/proc/${pid}/cgroup`, 'utf8')).toContain(`/${name}\n`);
  });

  it('deletes the server of a killed run, and its group', async () => {
    const { serverPid, processFile } = await leaveServer();
    expect(await isAlive(serverPid)).toBe(true);
    expect(await readFile(processFile, 'utf8')).toContain(`${serverPid}\n`);
    await using _grouped = await startGroupedServer(SHARED_BUFFERS, signal);
    expect(await isAlive(serverPid)).toBe(false);
    await expect(access(dirname(processFile))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a server in no memory group', () => {
  it('runs without a group and with the reason, if none can be created', async () => {
    await using grouped = await startGroupedServer(SHARED_BUFFERS, signal, refuse);
    expect(grouped).toMatchObject({ group: null, noGroupReason: 'there is none' });
    expect((await grouped.admin.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });
});
