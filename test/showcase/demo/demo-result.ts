import type { DemoResult } from '../../../src/showcase/demo/run-demo.ts';
import type { WayResult } from '../../../src/showcase/demo/way.ts';
import { measuredStep } from '../measured-step.ts';

const PIECES = 40;

/** An invented result of a way. Optionally, each piece of its fourth second has a failed request. */
function way(
  heading: string,
  faults: { readonly failed: number; readonly different: number; readonly gapMs?: number },
): WayResult {
  const gapMs = faults.gapMs ?? 0;
  const failing = (index: number) => faults.failed > 0 && index >= 30;
  const step = { ...measuredStep, requests: 400, failed: faults.failed, maxMs: 120 };
  return {
    heading,
    steps: [measuredStep, step],
    failures: [],
    total: step,
    timeline: {
      pieces: Array.from({ length: PIECES }, (_, index) => ({ served: 10, failed: failing(index) ? 1 : 0 })),
      steps: [
        { name: 'idle', beganMs: 0, endedMs: 1_000 },
        { name: '<0002> & "expand"', beganMs: 1_000, endedMs: 3_000 },
      ],
      locks: [
        { purpose: 'expand', mode: 'ACCESS EXCLUSIVE', beganMs: 2_000, endedMs: 2_003.2 },
        { purpose: 'batches', mode: 'ROW EXCLUSIVE', beganMs: 2_100, endedMs: 2_900 },
      ],
      longestGapMs: gapMs === 0 ? 31.4 : gapMs,
      unservedMs: gapMs === 0 ? 0 : gapMs + 200,
    },
    writtenRows: 100,
    ledger: { acknowledged: 150, missing: 0, different: faults.different, unexpected: 0 },
    apiLog: '',
  };
}

/** An invented result of a demo: the recipe rejects and changes values, the direct way blocks all requests. */
export const demoResult: DemoResult = {
  circumstances: {
    load: { clients: 8, longestPauseMs: 40 },
    settings: { shared_buffers: '256MB', max_wal_size: '4GB', min_wal_size: '4GB' },
    machine: {
      cores: 2,
      processor: 'A <fast> one',
      memoryBytes: 2 ** 34,
      system: 'linux 6.1 x64',
      postgres: '18.4',
      node: '24.0.0',
    },
  },
  safe: way('The safe way', { failed: 0, different: 0 }),
  recipe: way('The published recipe', { failed: 10, different: 7 }),
  direct: way('The direct way', { failed: 0, different: 0, gapMs: 1_934.2 }),
};
