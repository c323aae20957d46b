import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { textToEnum } from '../../../src/online-migration/conversions/texts/text-to-enum.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { revertBackfill } from '../../../src/online-migration/phases/revert-backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce, revertEnforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand, revertExpand } from '../../../src/online-migration/phases/expand.ts';
import { rename, revertRename } from '../../../src/online-migration/phases/rename.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { openContext } from '../../support/change-cycle.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createRole, type TestRole } from '../../support/roles.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-server.ts';
import { changeOfPart, type Declared } from './obstacles/obstacle.ts';

const PHASES = [
  expand,
  backfill,
  enforce,
  contract,
  rename,
  revertRename,
  revertContract,
  revertEnforce,
  revertBackfill,
  revertExpand,
];

const resources = new AsyncDisposableStack();
let role: TestRole;
let keeper: TestRole;
let database: TestDatabase;
let admin: DatabaseClient;

beforeAll(async () => {
  database = resources.use(await createTestDatabase());
  role = resources.use(await createRole(database.url));
  keeper = resources.use(await createRole(database.url));
  admin = resources.use(await connect(database.url));
  await admin.rows(`grant create on database ${database.name} to ${role.name}`);
});
afterAll(() => resources.disposeAsync());
beforeEach(async () => {
  await admin.rows(`
    drop schema if exists public, kinds, online_migration cascade;
    revoke ${keeper.name} from ${role.name};
    create schema public;
    grant usage on schema public to ${role.name}, ${keeper.name};
    create table part (id bigint primary key, size integer not null);
    alter table part owner to ${role.name}`);
});

const contextOf = (declared: Declared = {}) => openContext(role.url, changeOfPart(declared));

/** The message with which expand refuses the change. */
async function refusal(declared: Declared = {}): Promise<string> {
  await using context = await contextOf(declared);
  return await expand(context).then(
    () => 'nothing',
    (error: Error) => error.message,
  );
}

describe('a role that owns the table and may do nothing else', () => {
  it('can change a column that nothing hangs on', async () => {
    await using context = await contextOf();
    for (const phase of PHASES) await phase(context);
    expect(await admin.value(`select to_regnamespace('online_migration')`)).toBeNull();
  });

  it('is told each grant that it needs, and with these the change goes all the way up and down', async () => {
    await admin.rows(`
      create table whole (id integer primary key);
      insert into whole select generate_series(1, 100);
      insert into part select n, n from generate_series(1, 100) as n;
      alter table part add foreign key (size) references whole, add unique (size);
      create table child (of_size integer references part (size));
      alter table child owner to ${keeper.name}`);
    const message = await refusal();
    const grants = [...message.matchAll(/`(grant [^`]+)`/g)].map(([, grant]) => grant!);
    expect(grants).toEqual([
      `grant ${keeper.name} to ${role.name}`,
      `grant create on schema public to ${role.name}`,
      `grant references, update on public.whole to ${role.name}`,
    ]);
    expect(message).toContain('public.child has to be altered');
    expect(message).toContain('the index part_size_key');
    for (const grant of grants) await admin.rows(grant);
    await using context = await contextOf();
    for (const phase of PHASES) await phase(context);
    expect(await admin.value(`select count(*)::int from part where size = id`)).toBe(100);
  });

  it('is told that it may not create the temporary table on which a check is tried', async () => {
    await admin.rows(`
      revoke temporary on database ${database.name} from public; alter table part add constraint positive check (size > 0)`);
    const grant = `grant temporary on database ${database.name} to ${role.name}`;
    expect(await refusal()).toContain(
      `tries the definition of positive for the other type on a temporary table`,
    );
    expect(await refusal()).toContain(`\`${grant}\``);
    await admin.rows(grant);
    await using context = await contextOf();
    for (const phase of PHASES) await phase(context);
    expect(
      await admin.value(`select pg_get_constraintdef(oid) from pg_constraint where conname = 'positive'`),
    ).toBe('CHECK ((size > 0))');
  });

  it('is told what an identity needs', async () => {
    await admin.rows(`alter table part alter size add generated always as identity`);
    expect(await refusal()).toContain(
      `may not create objects in the schema public, which the change needs for the sequence public.part_size_seq: ` +
        `\`grant create on schema public to ${role.name}\``,
    );
  });

  it('is told that the schema of the new type is closed to it, and the type', async () => {
    await admin.rows(`
      alter table part alter size type text;
      create schema kinds; create type kinds.mood as enum ('calm'); revoke usage on type kinds.mood from public`);
    const declared: Declared = {
      from: 'text',
      to: 'kinds.mood',
      conversion: textToEnum('kinds.mood', ['calm']),
    };
    const ofSchema = `grant usage on schema kinds to ${role.name}`;
    expect(await refusal(declared)).toContain(
      `The role may not use kinds.mood, \`to.type\`: \`${ofSchema}\``,
    );
    await admin.rows(ofSchema);
    const ofType = `grant usage on type kinds.mood to ${role.name}`;
    expect(await refusal(declared)).toContain(`\`${ofType}\``);
    await admin.rows(ofType);
    expect(await refusal(declared)).toBe('nothing');
  });
});

describe('a role that does not own the table', () => {
  it('is told to become a member of the owner', async () => {
    await admin.rows(`alter table part owner to ${keeper.name}; grant all on part to ${role.name}`);
    const message = await refusal();
    expect(message.split('\n')).toHaveLength(2);
    expect(message).toContain(
      `public.part has to be altered, and ${role.name} does not own it: \`grant ${keeper.name} to ${role.name}\``,
    );
  });
});

describe('row level security that hides rows from the role', () => {
  it('is refused when it is forced upon the owner, with what opens the table', async () => {
    await admin.rows(`alter table part enable row level security, force row level security`);
    expect(await refusal()).toContain(
      `Row level security can hide rows of public.part from ${role.name}, and those could not be converted: ` +
        `\`alter role ${role.name} bypassrls\`, or \`alter table public.part no force row level security\``,
    );
  });

  it('is refused for a partition', async () => {
    await admin.rows(`
      drop table part;
      create table part (id bigint primary key, size integer not null) partition by list (id);
      create table first partition of part for values in (1);
      alter table part owner to ${role.name}; alter table first owner to ${role.name};
      alter table first enable row level security, force row level security`);
    expect(await refusal()).toContain('Row level security can hide rows of public.first from');
  });

  it('is no obstacle when it does not bind the role', async () => {
    await admin.rows(`alter table part enable row level security`);
    await using context = await contextOf();
    for (const phase of [expand, revertExpand]) await phase(context);
    expect(await refusal()).toBe('nothing');
  });
});
