import { expect } from '@jest/globals';
import { carriedOut } from '../../support/carried-out.ts';
import type { TestedDatabase } from '../../support/tested-database.ts';
import { endWatch, watchLocks } from './edits/locked-reads.ts';

/** Carries statements out; none of them may read a table under a lock against writes. */
export function runWithoutLockedReads(database: Pick<TestedDatabase, 'url' | 'client'>) {
  const run = async (...statements: string[]): Promise<string[]> => {
    await watchLocks(database.client);
    try {
      return await carriedOut(database.url, statements);
    } finally {
      expect(await endWatch(database.client)).toEqual([]);
    }
  };
  const expectRefused = async (statement: string, message: RegExp): Promise<void> => {
    await expect(run(statement)).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      message: expect.stringMatching(message),
    });
  };
  return { run, expectRefused };
}
