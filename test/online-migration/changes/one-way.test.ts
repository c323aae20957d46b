import { describe, expect, it } from '@jest/globals';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce, revertEnforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand, revertExpand } from '../../../src/online-migration/phases/expand.ts';
import { revertBackfill } from '../../../src/online-migration/phases/revert-backfill.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { type ChangeCase, expectFullCycle } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const change = changeOf('answer.given', {
  from: 'text',
  to: 'boolean',
  conversion: {
    forward: (value) =>
      `case when ${value} in ('yes', 'y') then true when ${value} in ('no', 'n') then false end`,
    backward: 'not reversible',
  },
});
const subject: ChangeCase = {
  change,
  value: {
    old: (n) => `case when ${n} % 2 = 0 then 'y' else 'no' end`,
    new: (n) => `(${n} % 2 = 0)`,
  },
  setup: [
    `create table answer (id bigint generated always as identity primary key, n bigint not null, given text not null)`,
    `insert into answer (n, given) select n, case when n % 2 = 0 then 'yes' else 'n' end from generate_series(1, 500) as n`,
  ],
};

const database = databasePerTest();
const { client } = database;

describe('a change that is not reversible', () => {
  it('goes up under writes', async () => {
    await expectFullCycle(subject, { down: false });
  });

  it('goes back as long as the old column rules, and no further', async () => {
    for (const statement of subject.setup) await client.rows(statement);
    const before = await readSchema(client);
    const context = await database.open(change);
    await expand(context);
    await backfill(context);
    await revertBackfill(context);
    await revertExpand(context);
    expect(await readSchema(client)).toEqual(before);

    await expand(context);
    await backfill(context);
    await enforce(context);
    await expect(revertEnforce(context)).rejects.toMatchObject(
      refusedWith(
        'NOT_REVERSIBLE',
        /^Cannot revert the enforce of public\.answer\.given: it is declared as not reversible/,
      ),
    );
    await client.rows(`insert into answer (n, given_new) values (0, true)`);
    await client.rows(`update answer set given_new = false where n = 2`);
    expect(
      await client.rows(`select n::int, given, given_new from answer where n in (0, 1, 2) order by n`),
    ).toEqual([
      { n: 0, given: null, given_new: true },
      { n: 1, given: 'n', given_new: false },
      { n: 2, given: null, given_new: false },
    ]);
    await contract(context);
    await expect(revertContract(context)).rejects.toThrow(/it is declared as not reversible/);
    expect(await client.value(`select count(*)::int from answer where given_new is null`)).toBe(0);
  });
});
