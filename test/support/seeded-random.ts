import { createHash, randomInt } from 'node:crypto';

/** Decides all random choices of a test file. TEST_SEED repeats those of an earlier run. */
export const SEED: string = process.env['TEST_SEED'] ?? String(randomInt(2 ** 31));
let isPrinted = false;

/** Numbers from 0 up to 1, without 1, that a seed decides. The first call of a test file prints {@link SEED}. */
export function seededRandom(seed: string): () => number {
  if (!isPrinted) console.log(`Random choices: TEST_SEED=${SEED} repeats them.`);
  isPrinted = true;
  let drawn = 0;
  return () => createHash('sha256').update(`${seed}:${drawn++}`).digest().readUInt32BE() / 2 ** 32;
}
