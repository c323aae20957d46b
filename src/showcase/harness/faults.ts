import type { LedgerVerdict } from './ledger-check.ts';
import { rowCount } from '../../command-line/row-count.ts';
import type { Measurements } from './steps.ts';

/**
 * The faults of a run under load, in sentences; empty if there are none.
 *
 * @param measurements.apiLog the end of the API's log
 */
export function faultsOf(
  { steps, failures, apiLog }: Pick<Measurements, 'steps' | 'failures'> & { readonly apiLog: string },
  ledger: LedgerVerdict,
): string[] {
  const failed = steps.reduce((sum, step) => sum + step.failed, 0);
  const faults = [];
  if (failed > 0) {
    faults.push(`${rowCount(failed)} requests failed. The first ones of each step:\n${failures.join('\n')}`);
    faults.push(`The end of the API's log:\n${apiLog}`);
  }
  if (ledger.missing + ledger.different + ledger.unexpected > 0) {
    faults.push('The table differs from the acknowledged writes.');
  }
  return faults;
}
