import { describe, expect, it, jest } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce, revertEnforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand, revertExpand } from '../../../src/online-migration/phases/expand.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { phasesOf } from '../../../src/online-migration/phases/phases.ts';
import { preflight } from '../../../src/online-migration/verify/preflight.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf, renameOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { change, MEMBERS, OWN, POLICIES } from './subquery-policy-cases.ts';

const database = databasePerFile(...MEMBERS);
const { client } = database;

const conditionOf = (policy: string) =>
  client.value<string>(
    `select concat_ws(' ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) from pg_policy where polname = '${policy}'`,
  );

describe('policies that read the column in a subquery', () => {
  it('go over and come back byte for byte, also from half-way', async () => {
    for (const policy of POLICIES) await client.rows(policy);
    const before = await readSchema(client);
    await database.runPhases(change, PHASES.up);
    const after = await readSchema(client);
    expect(Object.keys(after.policies)).toEqual(Object.keys(before.policies));
    expect(after.columns['public.membership.user_id']).toMatchObject({ type: 'bigint' });
    expect(after.policies['document.written']).toMatch(
      /COALESCE\(membership\.user_id, \(?'?0'?\)?::bigint\)/,
    );
    await database.runPhases(change, [...PHASES.down.slice(0, 2), ...PHASES.up.slice(3)]);
    expect(await readSchema(client)).toEqual(after);
    await database.runPhases(change, PHASES.down);
    expect(await readSchema(client)).toEqual(before);
  });

  it('of a change that renames in contract', async () => {
    for (const policy of POLICIES) await client.rows(policy);
    const before = await readSchema(client);
    const renaming = { ...change, renameInContract: true };
    const phases = phasesOf(renaming);
    await database.runPhases(
      renaming,
      phases.map(({ up }) => up),
    );
    expect(await conditionOf('own')).not.toContain('_new');
    await database.runPhases(renaming, phases.map(({ down }) => down).toReversed());
    expect(await readSchema(client)).toEqual(before);
  });

  it('with several columns in one change', async () => {
    await client.rows(OWN);
    const both = {
      ...change,
      columns: [
        ...change.columns,
        ...changeOf('membership.team_id', { from: 'integer', to: 'bigint', conversion: integerToBigint })
          .columns,
      ],
    } as typeof change;
    const before = await readSchema(client);
    const phases = phasesOf(both);
    await database.runPhases(
      both,
      phases.map(({ up }) => up),
    );
    expect(await conditionOf('own')).not.toContain('_new');
    await database.runPhases(both, phases.map(({ down }) => down).toReversed());
    expect(await readSchema(client)).toEqual(before);
  });

  it('of a change without a way back', async () => {
    for (const policy of POLICIES) await client.rows(policy);
    await client.rows(`alter table membership alter user_id drop not null`);
    const oneWay = changeOf('membership.user_id', {
      from: 'integer',
      to: 'bigint',
      nullable: true,
      conversion: { ...integerToBigint, backward: 'not reversible' },
    });
    await database.runPhases(oneWay, PHASES.up);
    expect(await conditionOf('own')).not.toContain('_new');
  });

  it('follow a rename by themselves', async () => {
    for (const policy of POLICIES) await client.rows(policy);
    const before = await readSchema(client);
    const rename = renameOf('membership.user_id', 'person_id', { type: 'integer' });
    const phases = phasesOf(rename);
    await database.runPhases(
      rename,
      phases.map(({ up }) => up),
    );
    expect(await conditionOf('own')).toContain('m.person_id');
    await database.runPhases(rename, phases.map(({ down }) => down).toReversed());
    expect(await readSchema(client)).toEqual(before);
  });
});

describe('a policy that may not fit the new type', () => {
  const MISFIT = `create function is_one(integer) returns boolean language sql stable as 'select $1 = 1';
    create policy misfit on document using (exists (select from membership m where is_one(m.user_id)))`;
  const REASON =
    /The policy misfit of public\.document does not fit bigint: function public\.is_one\(bigint\) does not exist\. Give it conditions that fit both types, with `alter policy`; now it is `alter policy "misfit" on public\.document using \([^`]*public\.membership m[^`]*`\./;

  it('is refused before the first statement, and preflight names it', async () => {
    await client.rows(MISFIT);
    const before = await readSchema(client);
    await using context = await database.open(change);
    await expect(expand(context)).rejects.toMatchObject(refusedWith('OBSTACLES', REASON));
    expect(await readSchema(client)).toEqual(before);
    const { obstacles } = await preflight(change, { connection: database.url });
    expect(obstacles).toMatchObject([refusedWith('POLICY_NOT_CARRIED', REASON)]);
  });

  it('is listed by preflight if it fits', async () => {
    await client.rows(OWN);
    expect(await preflight(change, { connection: database.url })).toMatchObject({
      isReady: true,
      checklist: expect.arrayContaining([
        'The policy own of public.document: contract alters it to the same conditions for the new column. Check that they mean the ' +
          'same for bigint.',
      ]),
    });
  });

  it.each([
    ['is new', MISFIT],
    ['is altered', `${OWN}; ${MISFIT.replace('create policy misfit', 'alter policy own')}`],
  ])('is found by contract if it %s', async (_, statements) => {
    await using context = await database.open(change);
    for (const phase of [expand, backfill, enforce]) await phase(context);
    await client.rows(statements);
    const before = await client.value(`select pg_get_expr(polqual, polrelid) from pg_policy`);
    await expect(contract(context)).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        /The policy (misfit|own) of public\.document does not fit bigint: function public\.is_one/,
      ),
    );
    expect(await client.value(`select pg_get_expr(polqual, polrelid) from pg_policy`)).toBe(before);
  });

  it('is refused if it lists the columns by place', async () => {
    await client.rows(
      `create policy listed on document using (exists (select from membership as m (a, b, c) where m.c = document.id))`,
    );
    await using context = await database.open(change);
    await expect(expand(context)).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        /The policy listed of public\.document does not fit bigint: it lists the columns of the table by their place/,
      ),
    );
  });
});

describe('a policy that changes meanwhile', () => {
  it('goes over as it is by then, and back as PostgreSQL writes it', async () => {
    await client.rows(OWN);
    await using context = await database.open(change);
    for (const phase of [expand, backfill, enforce]) await phase(context);
    await client.rows(`
      alter policy own on document using (author in (select user_id from membership));
      create policy added on document using (id in (select user_id from membership))`);
    await contract(context);
    expect(await conditionOf('added')).toContain('user_id_new');
    await client.rows(
      `alter policy own on document using (author in (select coalesce(user_id_new, 3) from membership))`,
    );
    for (const phase of [revertContract, revertEnforce]) await phase(context);
    expect(await conditionOf('own')).toMatch(/COALESCE\(\(?membership\.user_id\)?(::bigint)?, /);
    expect(await conditionOf('added')).toMatch(/membership\.user_id\b/);
  });

  it.each([
    [
      'is altered',
      `alter policy own on document using (author in (select user_id from membership))`,
      /document\.author|author IN/,
    ],
    ['is renamed', `alter policy own on document rename to theirs`, /^$/],
    ['is dropped', `drop policy own on document`, /^$/],
    [
      'gets another',
      `create policy added on document using (id in (select user_id from membership))`,
      /team_id/,
    ],
  ])('while contract waits for its lock: %s', async (_, statement, condition) => {
    await client.rows(OWN);
    await using context = await database.open(change);
    for (const phase of [expand, backfill, enforce]) await phase(context);
    const { session } = context;
    const batch = session.batch.bind(session);
    let altered = false;
    jest.spyOn(session, 'batch').mockImplementation(async (statements) => {
      const isLock = statements.some((one) =>
        one.startsWith('lock table public.document in share update exclusive'),
      );
      if (!altered && isLock) {
        altered = true;
        await client.rows(statement);
      }
      return batch(statements);
    });
    await contract(context);
    expect(altered).toBe(true);
    expect((await conditionOf('own')) ?? '').toMatch(condition);
    const oldColumn = await client.value(
      `select count(*)::int from pg_attribute where attrelid = 'membership'::regclass and attname = 'user_id'`,
    );
    expect(oldColumn).toBe(0);
  });

  it('stays with the new column when enforce is reverted, and is found by the revert of expand', async () => {
    await using context = await database.open(change);
    for (const phase of [expand, backfill, enforce]) await phase(context);
    await client.rows(`
      create function is_big(bigint) returns boolean language sql stable as 'select $1 = 1';
      create function is_big(text) returns boolean language sql stable as 'select true';
      create policy early on document using (exists (select from membership m where m.user_id_new <> m.user_id))`);
    for (const phase of [revertEnforce, PHASES.down[3]]) await phase(context);
    await expect(revertExpand(context)).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        /The policy early of public\.document uses user_id_new and would go with it: drop it first\./,
      ),
    );
  });
});
