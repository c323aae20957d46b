import { beforeAll, afterAll, beforeEach } from '@jest/globals';
import type { OnlineMigrationEvent } from '../../src/online-migration/index.ts';
import type { Step } from '../../src/online-migration/ordinary/planning/step.ts';
import { type MigrationPlan, planMigration } from '../../src/online-migration/ordinary/plan-migration.ts';
import { Session } from '../../src/online-migration/postgres/session.ts';
import { carriedOut, type CarryingOut } from './carried-out.ts';
import { createRole, type TestRole } from './roles.ts';
import { readSchema } from './schema-snapshot.ts';
import { adminClient } from './test-server.ts';
import type { TestedDatabase } from './tested-database.ts';

/** Runs ordinary migrations as a role that owns the tables of the schema `public` and has no other right. */
export interface OrdinaryRun {
  readonly open: () => Promise<Session>;
  readonly plan: (statements: readonly string[]) => Promise<MigrationPlan>;
  readonly run: (statements: readonly string[], options?: CarryingOut) => Promise<void>;
  /**
   * Runs them, and interrupts the run behind some steps.
   * @returns whether it ended before
   */
  readonly runSteps: (statements: readonly string[], steps: number) => Promise<boolean>;
  /**
   * Runs them, and interrupts the run behind each of its steps.
   * @returns how often it was interrupted
   */
  readonly runWithInterruptions: (statements: readonly string[]) => Promise<number>;
  /** The catalog after the statements as they are written. All of it is rolled back. */
  readonly catalogAsWritten: (statements: readonly string[]) => Promise<unknown>;
  readonly catalog: () => Promise<unknown>;
  /** Runs the steps of a plan: the statements that read or rewrite a table with rows under SHARE or a stronger lock. */
  readonly harmfulIn: (statements: readonly string[]) => Promise<string[]>;
}

/** Prepares runs in the database of a test file. */
export function ordinaryRun(database: TestedDatabase): OrdinaryRun {
  let owner: TestRole;
  beforeAll(async () => {
    owner = await createRole(database.url);
  });
  afterAll(async () => {
    // Its tables went with the database.
    await using admin = await adminClient();
    await admin.query(`drop role ${owner.name}`);
  });
  beforeEach(async () => {
    await database.client.rows(OWN.replaceAll('$owner', owner.name));
  });
  const open = () => Session.open({ connectionString: owner.url }, 'migration');
  const catalog = async () => {
    const { package: _, ...schema } = await readSchema(database.client);
    return { ...schema, trees: await database.client.rows(TREES) };
  };
  const plan = async (statements: readonly string[]) => {
    await using session = await open();
    return await planMigration(session, statements);
  };
  const runSteps = async (statements: readonly string[], steps: number) => {
    const interrupt = new AbortController();
    const reason = new Error('Interrupted.');
    let left = steps;
    const heard = ({ type }: OnlineMigrationEvent) => {
      if (type === 'migration-step' && --left === 0) interrupt.abort(reason);
    };
    const ended = await carriedOut(owner.url, statements, { signal: interrupt.signal, heard }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (ended !== undefined && ended !== reason) throw ended;
    return ended === undefined;
  };
  return {
    open,
    plan,
    catalog,
    run: async (statements, options) => {
      await carriedOut(owner.url, statements, options);
    },
    runSteps,
    runWithInterruptions: async (statements) => {
      for (let count = 0; ; count++) if (await runSteps(statements, 1)) return count;
    },
    catalogAsWritten: async (statements) => {
      const { client } = database;
      await client.rows('begin');
      try {
        await client.rows(`set local role ${owner.name}`);
        for (const statement of statements) await client.rows(statement.replace(' concurrently', ''));
        return await catalog();
      } finally {
        await client.rows('rollback');
      }
    },
    harmfulIn: async (statements) => {
      const { steps } = await plan(statements);
      await using session = await open();
      const harmful: string[] = [];
      for (const step of steps) if (await isHarmful(session, step)) harmful.push(step.statements.at(-1)!);
      return harmful;
    },
  };
}

/** The kinds of steps that run outside of a transaction. */
const OUTSIDE = new Set<Step['kind']>([
  'build-index',
  'drop-index',
  'detach-partition',
  'reindex',
  'outside',
]);

/** Whether a step reads or rewrites a table with rows, and ends with SHARE or a stronger lock on one. */
async function isHarmful(session: Session, step: Step): Promise<boolean> {
  if (step.kind === 'find') return false;
  if (OUTSIDE.has(step.kind)) {
    await session.query(step.statements[0]);
    return false;
  }
  await session.query('begin');
  const { rows: before } = await session.query<Facts>(FACTS);
  for (const sql of step.statements) await session.query(sql);
  const { rows: after } = await session.query<Facts>(FACTS);
  await session.query('commit');
  const files = new Map(before.map(({ oid, file }) => [oid, file]));
  const isRewritten = after.some(({ oid, file }) => files.has(oid) && files.get(oid) !== file);
  const isRead = sum(after) > sum(before);
  return isRewritten || (isRead && after.some(({ isLocked }) => isLocked));
}

interface Facts {
  readonly oid: string;
  readonly file: string | null;
  readonly read: number;
  readonly isLocked: boolean;
}

function sum(facts: readonly Facts[]): number {
  return facts.reduce((all, { read }) => all + read, 0);
}

const FACTS = `
  select c.oid, pg_relation_filenode(c.oid) as file, coalesce(s.seq_tup_read, 0)::int + coalesce(s.idx_tup_fetch, 0)::int as read,
    exists (
      select from pg_locks l
      where l.relation = c.oid and l.pid = pg_backend_pid()
        and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    ) as "isLocked"
  from pg_class c
  left join pg_stat_xact_user_tables s on s.relid = c.oid
  where c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'pg_toast', 'online_migration')`;

/**
 * The parts of partition trees that the schema's snapshot does not have. Since PostgreSQL 18, the primary key of a partition makes the
 * NOT NULL that it has from its parent also one of its own.
 */
const TREES = `
  select i.inhrelid::regclass::text as child, i.inhparent::regclass::text as parent,
    (to_jsonb(i) ->> 'inhdetachpending')::boolean as pending
  from pg_inherits i
  union all
  select con.conrelid::regclass || '.' || con.conname, con.coninhcount || case when con.contype = 'n' then '' when con.conislocal then ' local ' else ' inherited ' end || coalesce(p.conrelid::regclass || '.' || p.conname, ''), null
  from pg_constraint con left join pg_constraint p on p.oid = con.conparentid
  where con.conrelid <> 0 and con.connamespace::regnamespace::text <> 'pg_catalog'
  order by 1, 2`;

const OWN = `
  do $do$
  declare
    each record;
  begin
    for each in
      select format('alter %s %s owner to $owner', case relkind when 'f' then 'foreign table' when 'S' then 'sequence' when 'v' then 'view' else 'table' end, oid::regclass) as own
      from pg_class c
      where relkind in ('r', 'p', 'f', 'v', 'S') and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'pg_toast')
        and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i') and relkind = 'S')
      union all
      select format('alter type %s owner to $owner', oid::regtype) from pg_type where typtype = 'e'
    loop
      execute each.own;
    end loop;
    for each in select nspname from pg_namespace where nspname !~ '^(pg_|information_schema$)' loop
      execute format('grant create, usage on schema %I to $owner', each.nspname);
    end loop;
    create schema online_migration authorization $owner;
  end
  $do$`;
