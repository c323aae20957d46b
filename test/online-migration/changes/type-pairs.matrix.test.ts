import { describe, it } from '@jest/globals';
import { expectFullCycle } from '../../support/change-cycle.ts';
import { SERVER_MAJOR } from '../../support/server-major.ts';
import { caseOf, PAIRS } from './type-pair-cases.ts';

describe('a column changes up, half-way back and all the way down under writes', () => {
  // A server that is too old for a conversion refuses it: refused.matrix.test.ts.
  const possible = PAIRS.filter(({ conversion }) => SERVER_MAJOR >= (conversion.serverVersion ?? 0));

  it.each(possible.map((pair) => [pair.from, pair.to, pair] as const))(
    '%s to %s',
    async (_from, _to, pair) => {
      await expectFullCycle(caseOf(pair));
    },
  );

  it.each(PAIRS.slice(0, 2).map((pair) => [pair.from, pair.to, pair] as const))(
    'nullable %s to %s',
    async (_from, _to, pair) => {
      await expectFullCycle(caseOf(pair, { nullable: true }));
    },
  );
});
