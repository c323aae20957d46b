import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { startGroupedServer } from '../../../src/showcase/bench-large/grouped-server.ts';
import { NoMemoryGroupError } from '../../../src/showcase/bench-large/memory-group.ts';
import { connect } from '../../../src/showcase/harness/connection.ts';

const SHARED_BUFFERS = 16 * 2 ** 20;
const { signal } = new AbortController();

function refuse(): Promise<never> {
  return Promise.reject(new NoMemoryGroupError('there is none'));
}

describe('a server in a memory group', () => {
  it('has all of its processes in the group, if the machine allows one', async () => {
    await using grouped = await startGroupedServer(SHARED_BUFFERS, signal);
    await using later = await connect(grouped.server.url());
    const { rows } = await later.query<{ pid: number; buffers: string }>(
      `select pid, current_setting('shared_buffers') as buffers from pg_stat_activity`,
    );
    expect(rows[0]!.buffers).toBe('16MB');
    const { group, noGroupReason } = grouped;
    expect(group === null).toBe(noGroupReason !== null);
    const pids = group === null ? [] : [grouped.server.pid, ...rows.map(({ pid }) => pid)];
    const name = group === null ? '' : basename(dirname(group.processFile));
    for (const pid of pids) expect(await readFile(`/proc/${pid}/cgroup`, 'utf8')).toContain(`/${name}\n`);
  });

  it('runs without a group and with the reason, if none can be created', async () => {
    await using grouped = await startGroupedServer(SHARED_BUFFERS, signal, refuse);
    expect(grouped).toMatchObject({ group: null, noGroupReason: 'there is none' });
    expect((await grouped.admin.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });
});
