import { execFile } from 'node:child_process';
import { mkdir, mkdtempDisposable, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import {
  createMemoryGroup,
  type MemoryGroup,
  NoMemoryGroupError,
} from '../../../src/showcase/bench-large/memory-group.ts';

const LIMIT = 32 * 2 ** 20;
/** Greater than each process id of Linux. */
const NO_PROCESS = '99999999';

/** Runs a check in a real group. Returns its result, or the sentence with which this machine refuses a group. */
async function inGroup<T>(check: (group: MemoryGroup) => Promise<T>): Promise<T | string> {
  try {
    await using group = await createMemoryGroup();
    return await check(group);
  } catch (error) {
    if (error instanceof NoMemoryGroupError) return error.message;
    throw error;
  }
}

async function shell(command: string): Promise<void> {
  await promisify(execFile)('sh', ['-c', command]);
}

async function createFakeRoot(files: Record<string, string>): Promise<AsyncDisposable & { path: string }> {
  const root = await mkdtempDisposable(join(tmpdir(), 'memory-group-test-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(root.path, name), content);
  return { path: root.path, [Symbol.asyncDispose]: () => root.remove() };
}

describe('a memory group', () => {
  it('holds the page cache of its processes below its limit, or there is a reason for none', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'memory-group-test-'));
    const file = join(folder.path, 'file');
    const outcome = await inGroup(async (group) => {
      await group.limit(LIMIT);
      // The second command drops the file from the page cache of this process' group.
      await shell(`dd if=/dev/zero of=${file} bs=1M count=128 conv=fsync`);
      await shell(`dd of=${file} oflag=nocache conv=notrunc,fdatasync count=0`);
      await shell(`echo $$ > ${group.processFile}; exec dd if=${file} of=/dev/null bs=1M`);
      const peak = (await group.peakBytes()) ?? LIMIT;
      const words = [peak > LIMIT / 2 ? 'used' : 'unused', peak <= LIMIT ? 'held' : 'exceeded'];
      return [...words, `${await group.killed()} killed`].join(', ');
    });
    expect(outcome).toMatch(/^used, held, 0 killed$|^there is no memory controller|: run as root$/);
  });

  it('is deleted when it is disposed of, and the group of a dead process when the next one is created', async () => {
    let folder = '';
    let dead = '';
    await inGroup(async (group) => {
      folder = dirname(group.processFile);
      dead = folder.replace(/\d+$/, NO_PROCESS);
      await mkdir(dead);
    });
    await inGroup(async () => {});
    const left = await readdir(dirname(folder));
    expect(left.filter((name) => [basename(folder), basename(dead)].includes(name))).toEqual([]);
  });

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
    expect(await group.peakBytes()).toBeNull();
    await writeFile(join(folder, 'memory.peak'), '12345\n');
    expect(await group.peakBytes()).toBe(12_345);
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
      message: `no control group can be created in ${root.path}: run as root`,
    });
  });
});
