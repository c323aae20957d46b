import { access, lstat, readdir, readlink, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  resetEmbeddedPostgres,
  startEmbeddedPostgres,
  stopEmbeddedPostgres,
} from '../../src/database/embedded-postgres.ts';
import { createDataFolder } from './data-folder.ts';
import { startInOwnProcess } from './processes.ts';
import { query } from './query.ts';

const CLOSED_TO_OTHERS = 0o700;
const whenRoot = process.getuid?.() === 0 ? describe : describe.skip;

whenRoot('where root runs a command in a folder closed to other users', () => {
  it('keeps the data in a folder that PostgreSQL can reach, and every command finds it', async () => {
    await using data = await createDataFolder(CLOSED_TO_OTHERS);
    const urls = await Promise.all(Array.from({ length: 3 }, () => startInOwnProcess(data.path)));
    expect(new Set(urls).size).toBe(1);
    expect(await query(urls[0]!, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect((await lstat(data.path)).isSymbolicLink()).toBe(true);
    expect((await stat(data.path)).uid).not.toBe(0);
    expect(await stopEmbeddedPostgres(data.path)).toBe(true);
    expect((await startEmbeddedPostgres(data.path)).url).toBe(urls[0]);
  });

  it('starts anew if the folder was deleted', async () => {
    await using data = await createDataFolder(CLOSED_TO_OTHERS);
    await startEmbeddedPostgres(data.path);
    await stopEmbeddedPostgres(data.path);
    await rm(dirname(await readlink(data.path)), { recursive: true });
    const { url } = await startEmbeddedPostgres(data.path);
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('leaves nothing behind after a reset', async () => {
    await using data = await createDataFolder(CLOSED_TO_OTHERS);
    await startEmbeddedPostgres(data.path);
    const elsewhere = dirname(await readlink(data.path));
    expect(await resetEmbeddedPostgres(data.path)).toBe(true);
    expect(await readdir(data.parent)).toEqual([]);
    await expect(access(elsewhere)).rejects.toThrow('ENOENT');
  });
});
