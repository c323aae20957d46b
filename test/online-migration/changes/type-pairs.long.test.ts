import { describe, it } from '@jest/globals';
import { expectFullCycle } from '../../support/change-cycle.ts';
import { SERVER_MAJOR } from '../../support/server-major.ts';
import { caseOf, FURTHER_PAIRS } from './type-pair-cases.ts';

describe('a column of a further type changes up, half-way back and all the way down under writes', () => {
  const possible = FURTHER_PAIRS.filter(({ conversion }) => SERVER_MAJOR >= (conversion.serverVersion ?? 0));

  it.each(possible.map((pair) => [pair.from, pair.to, pair] as const))(
    '%s to %s',
    async (_from, _to, pair) => {
      await expectFullCycle(caseOf(pair));
    },
  );
});
