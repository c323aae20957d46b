import { describe, expect, it } from '@jest/globals';
import { faultsOf } from '../../../src/showcase/harness/faults.ts';
import { ledgerSentence } from '../../../src/showcase/harness/ledger-check.ts';
import { lineBeginning, stepHeadings, stepNumbers } from '../../../src/showcase/harness/step-table.ts';
import { measuredStep as step } from '../measured-step.ts';

const intact = { acknowledged: 1_234, missing: 0, different: 0, unexpected: 0 };
const way = { steps: [step, step], failures: [], total: step, apiLog: 'Listening' };

describe('the report of a run under load', () => {
  it('has the numbers of a step under their headings', () => {
    expect(`${stepHeadings()}\n${lineBeginning(step.name)}${stepNumbers(step)}`).toBe(
      [
        'step                   seconds  requests    failed    p50 ms    p99 ms    max ms',
        '0003 backfill          1234.57 12,345,678         0       1.2      12.3   10000.0',
      ].join('\n'),
    );
  });

  it('reports the result of the ledger', () => {
    expect(ledgerSentence({ ...intact, missing: 1, different: 2, unexpected: 3 })).toBe(
      '1,234 acknowledged writes compared with every row: 1 missing, 2 different, 3 unexpected.',
    );
  });

  it('finds no fault if no request failed and the ledger is intact', () => {
    expect(faultsOf(way, intact)).toEqual([]);
  });

  it('finds fault with a failed request of any step, and shows the log of the API', () => {
    const failed = {
      ...way,
      steps: [{ ...step, failed: 2 }, step],
      failures: ['idle: GET / was answered 500'],
    };
    expect(faultsOf(failed, intact)).toEqual([
      '2 requests failed. The first ones of each step:\nidle: GET / was answered 500',
      "The end of the API's log:\nListening",
    ]);
  });

  it.each(['missing', 'different', 'unexpected'])('finds fault with a record that is %s', (fault) => {
    expect(faultsOf(way, { ...intact, [fault]: 1 })).toEqual([
      'The table differs from the acknowledged writes.',
    ]);
  });
});
