import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type PeakMemory, watchPeakMemory } from '../../../src/showcase/harness/peak-memory.ts';

const POLL_MS = 10;
const ALLOCATED_BYTES = 200_000_000;
/** Allocates memory, releases it, and prints a line. */
const PROGRAM = `
  let bytes = Buffer.alloc(${ALLOCATED_BYTES}, 1);
  bytes = undefined;
  setInterval(() => {
    gc();
    if (process.memoryUsage.rss() < ${ALLOCATED_BYTES}) console.log('given back');
  }, ${POLL_MS});`;
const isLinux = process.platform === 'linux';

async function firstLook(peak: PeakMemory): Promise<void> {
  while (peak.bytes === null) await delay(POLL_MS);
}

describe('watchPeakMemory', () => {
  it('has the peak resident memory, even after its release; on Linux only', async () => {
    const child = spawn(process.execPath, ['--expose-gc', '--eval', PROGRAM], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(child.stdout, 'data');
      using peak = watchPeakMemory(child.pid!);
      await (isLinux ? firstLook(peak) : undefined);
      expect(peak.bytes === null).toBe(!isLinux);
      expect(peak.bytes ?? ALLOCATED_BYTES).toBeGreaterThanOrEqual(ALLOCATED_BYTES);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  });

  it('has no value for a missing process', async () => {
    using peak = watchPeakMemory(-1);
    await delay(POLL_MS);
    expect(peak.bytes).toBeNull();
  });
});
