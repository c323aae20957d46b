import { execFile } from 'node:child_process';
import { mkdir, mkdtempDisposable, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import {
  createMemoryGroup,
  creationRefusal,
  NoMemoryGroupError,
} from '../../../src/showcase/bench-large/memory-group.ts';
import { describeInGroup } from './in-memory-group.ts';

const LIMIT = 32 * 2 ** 20;
/** Greater than each process id of Linux. */
const NO_PROCESS = '99999999';

async function shell(command: string): Promise<void> {
  await promisify(execFile)('sh', ['-c', command]);
}

async function createFakeRoot(files: Record<string, string>): Promise<AsyncDisposable & { path: string }> {
  const root = await mkdtempDisposable(join(tmpdir(), 'memory-group-test-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(root.path, name), content);
  return { path: root.path, [Symbol.asyncDispose]: () => root.remove() };
}

describeInGroup('a memory group of this machine', () => {
  it('holds the page cache of its processes below its limit', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'memory-group-test-'));
    const file = join(folder.path, 'file');
    await using group = await createMemoryGroup();
    await group.limit(LIMIT);
    await using watched = await group.watchPeak();
    // The second command drops the file from the page cache of this process' group.
    await shell(`dd if=/dev/zero of=${file} bs=1M count=128 conv=fsync`);
    await shell(`dd of=${file} oflag=nocache conv=notrunc,fdatasync count=0`);
    await shell(`echo $$ > ${group.processFile}; exec dd if=${file} of=/dev/null bs=1M`);
    const peak = (await watched.bytes()) ?? LIMIT;
    expect(peak).toBeGreaterThan(LIMIT / 2);
    expect(peak).toBeLessThanOrEqual(LIMIT);
    expect(await group.killed()).toBe(0);
  });

  it('forgets the peak from before the limit', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'memory-group-test-'));
    await using group = await createMemoryGroup();
    await using first = await group.watchPeak();
    const file = join(folder.path, 'file');
    await shell(`echo $$ > ${group.processFile}; exec dd if=/dev/zero of=${file} bs=1M count=96 conv=fsync`);
    const before = await first.bytes();
    await group.limit(LIMIT);
    await using second = await group.watchPeak();
    const after = await second.bytes();
    // Version 2 measures neither before Linux 6.12.
    const isMeasured = before !== null && after !== null;
    expect(isMeasured || group.version === 2).toBe(true);
    expect(before ?? 3 * LIMIT).toBeGreaterThan(2 * LIMIT);
    expect(after ?? LIMIT).toBeLessThanOrEqual(LIMIT);
  });

  it('is deleted when it is disposed of, and the group of a dead process when the next one is created', async () => {
    const first = await createMemoryGroup();
    const folder = dirname(first.processFile);
    const dead = folder.replace(/\d+$/, NO_PROCESS);
    await mkdir(dead);
    const foldersNow = async () => {
      const names = await readdir(dirname(folder));
      return names.filter((name) => [basename(folder), basename(dead)].includes(name)).toSorted();
    };
    expect(await foldersNow()).toEqual([basename(folder), basename(dead)].toSorted());
    await first[Symbol.asyncDispose]();
    expect(await foldersNow()).toEqual([basename(dead)]);
    const second = await createMemoryGroup();
    expect(await foldersNow()).toEqual([basename(folder)]);
    await second[Symbol.asyncDispose]();
    expect(await foldersNow()).toEqual([]);
  });
});

describe('a memory group', () => {
  it('uses the files of version 2, if the root has its memory controller', async () => {
    await using root = await createFakeRoot({ 'cgroup.controllers': 'cpuset cpu memory pids\n' });
    const group = await createMemoryGroup(root.path);
    const folder = dirname(group.processFile);
    await group.add([7, 8]);
    await group.limit(LIMIT);
    expect(group.version).toBe(2);
    expect(await readFile(join(root.path, 'cgroup.subtree_control'), 'utf8')).toBe('+memory');
    expect(await readFile(join(folder, 'memory.max'), 'utf8')).toBe(String(LIMIT));
    // Each write moves one process.
    expect(await readFile(group.processFile, 'utf8')).toBe('8');
    await using unknown = await group.watchPeak();
    expect(await unknown.bytes()).toBeNull();
    const peakFile = join(folder, 'memory.peak');
    await writeFile(peakFile, '999\n');
    await using peak = await group.watchPeak();
    // A kernel resets the peak on a write.
    expect(await readFile(peakFile, 'utf8')).toBe('099\n');
    await writeFile(peakFile, '12345\n');
    expect(await peak.bytes()).toBe(12_345);
    await writeFile(join(folder, 'memory.events'), 'low 0\noom 3\noom_kill 2\noom_group_kill 0\n');
    expect(await group.killed()).toBe(2);
    // Those of a real group disappear with their folder.
    for (const file of await readdir(folder)) await rm(join(folder, file));
    await group[Symbol.asyncDispose]();
    expect((await readdir(root.path)).toSorted()).toEqual(['cgroup.controllers', 'cgroup.subtree_control']);
  });

  it.each([
    ['no controller', {}],
    ['other controllers only', { 'cgroup.controllers': 'cpu hugetlb\n' }],
  ])('is refused with a sentence, if the root has %s', async (_case, files) => {
    await using root = await createFakeRoot(files);
    const refusal = new NoMemoryGroupError(`there is no memory controller of control groups in ${root.path}`);
    await expect(createMemoryGroup(root.path)).rejects.toThrow(refusal);
  });

  it('is refused with a sentence, if no group can be created', async () => {
    await using root = await createFakeRoot({ 'cgroup.controllers': 'memory\n' });
    await mkdir(join(root.path, 'cgroup.subtree_control'));
    await expect(createMemoryGroup(root.path)).rejects.toMatchObject({
      name: 'NoMemoryGroupError',
      message: expect.stringMatching(/^no control group can be created in \S+: EISDIR: /),
    });
  });

  it.each([
    ['EACCES', 'EACCES, run as root'],
    ['EPERM', 'EPERM, run as root'],
    ['EROFS', 'EROFS, mount it for writing, for example with the option --privileged of docker run'],
    [
      'EBUSY',
      'EBUSY, its own processes forbid it: run outside of the container, or move them to a group below it',
    ],
    ['ENOSPC', 'ENOSPC: no space'],
  ])('names the cause %s, and its remedy if one is known', (code, explanation) => {
    const cause = Object.assign(new Error(`${code}: no space`), { code });
    expect(creationRefusal('/groups', cause)).toBe(
      `no control group can be created in /groups: ${explanation}`,
    );
  });
});
