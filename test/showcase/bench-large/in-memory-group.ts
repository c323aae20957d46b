import { describe } from '@jest/globals';
import { createMemoryGroup, NoMemoryGroupError } from '../../../src/showcase/bench-large/memory-group.ts';

/** The reason that this machine allows no memory group; null if it does. */
export const NO_GROUP_REASON = await findReason();

const describeOrSkip = NO_GROUP_REASON === null ? describe : describe.skip;

/** A block of tests that need a real memory group. If the machine allows none, they are skipped with a message. */
export function describeInGroup(name: string, tests: () => void): void {
  const title = NO_GROUP_REASON === null ? name : `${name} (SKIPPED: ${NO_GROUP_REASON})`;
  if (NO_GROUP_REASON !== null) console.warn(title);
  describeOrSkip(title, tests);
}

async function findReason(): Promise<string | null> {
  try {
    await using _group = await createMemoryGroup();
    return null;
  } catch (error) {
    if (!(error instanceof NoMemoryGroupError)) throw error;
    return error.message;
  }
}
