import { expect } from '@jest/globals';
import {
  type ChangedColumn,
  changedColumnsOf,
  isRename,
} from '../../src/online-migration/change/changed-column.ts';
import type { ColumnChange } from '../../src/online-migration/change/column-change.ts';
import { DEFAULT_SETTINGS } from '../../src/online-migration/phases/settings.ts';
import { backfill } from '../../src/online-migration/phases/backfill.ts';
import { revertBackfill } from '../../src/online-migration/phases/revert-backfill.ts';
import { contract } from '../../src/online-migration/phases/contract.ts';
import { enforce, revertEnforce } from '../../src/online-migration/phases/enforce.ts';
import { expand, revertExpand } from '../../src/online-migration/phases/expand.ts';
import type { PhaseContext } from '../../src/online-migration/phases/phase.ts';
import { phasesOf } from '../../src/online-migration/phases/phases.ts';
import { rename, revertRename } from '../../src/online-migration/phases/rename.ts';
import { revertContract } from '../../src/online-migration/phases/revert-contract.ts';
import { Session } from '../../src/online-migration/postgres/session.ts';
import type { Ledger } from '../../src/online-migration/state/recorded-changes.ts';
import { changeNamesOf, namesOf } from '../../src/online-migration/change/names.ts';
import { type ChangeLoad, startChangeLoad, type LoadStatements } from './change-load.ts';
import { connect, type DatabaseClient } from './database-client.ts';
import { canonicalDefault, readSchema, type SchemaSnapshot, withColumnType } from './schema-snapshot.ts';
import { createTestDatabase } from './test-server.ts';

/** All phases in order, and all reverts in order. */
export const PHASES = {
  up: [expand, backfill, enforce, contract, rename],
  down: [revertRename, revertContract, revertEnforce, revertBackfill, revertExpand],
} as const;
const DEFAULT_COLUMNS = { id: 'id', n: 'n' };
/** Requests to answer between two phases. */
const REQUESTS_BETWEEN_MOVES = 10;

/** SQL expressions of the old and the new type for a number. */
interface SharedValue {
  readonly old: (n: string) => string;
  readonly new: (n: string) => string;
}

/** A table, a change of it, and values that both types share. */
export interface ChangeCase {
  readonly change: ColumnChange;
  /** Statements that make the table, with two columns for the clients, and fill it. */
  readonly setup: readonly string[];
  /** The two columns, if they are not `id`, which is unique, and `n bigint not null`. */
  readonly columns?: { readonly id: string; readonly n: string };
  /**
   * SQL expressions of the old and the new type for a number, equal to each other. Absent if the column generates its
   * values.
   */
  readonly value?: SharedValue;
  /** The same for several columns, by their old names; without those that generate their values. */
  readonly values?: Readonly<Record<string, SharedValue>>;
  /** Statements of the load, if it does not write the value of a number to the column. */
  readonly load?: LoadStatements;
  /** A query over data that nobody writes. At the end, it must return the same result, byte for byte. */
  readonly untouched?: string;
  /** The catalog after the change, if it differs in more than the types and defaults of the columns. */
  readonly afterwards?: (schema: SchemaSnapshot) => SchemaSnapshot;
}

/**
 * Runs a change to its end, half-way back and up again, and completely back, while clients write and read through the
 * active columns.
 *
 * 1. No request fails, and every row has its last acknowledged value, both after the change and after its revert.
 * 2. After the change, the catalog differs only in the types and defaults of the columns, or in the name. After the revert, it is
 *    unchanged.
 *
 * @param options.down whether the change is reversible
 * @param options.template the database to copy at the start
 */
export async function expectFullCycle(
  subject: ChangeCase,
  { down = true, template }: { readonly down?: boolean; readonly template?: string } = {},
): Promise<void> {
  const { setup, change } = subject;
  const columns = changedColumnsOf(change);
  await using database = await createTestDatabase(template);
  await using client = await connect(database.url);
  for (const statement of setup) await client.rows(statement);
  const untouched = () => client.rows(subject.untouched ?? 'select');
  const before = { schema: await readSchema(client), untouched: await untouched() };
  await using context = await openContext(database.url, change);
  await using load = await startChangeLoad(database.url, change, statementsOf(subject));

  const run = async (phases: readonly PhaseFunction[]) => {
    for (const phase of phases) {
      await load.servedMore(REQUESTS_BETWEEN_MOVES);
      await phase(context);
    }
    await load.servedMore(REQUESTS_BETWEEN_MOVES);
  };
  const phases = phasesOf(change);
  const reverts = phases.map((phase) => phase.down).toReversed();
  await run(phases.map((phase) => phase.up));
  if (isRename(change)) {
    const [renamed] = columns;
    expect(Object.keys((await readSchema(client)).columns).toSorted()).toEqual(
      Object.keys(before.schema.columns)
        .map((column) => (column === pathOf(renamed, 'old') ? pathOf(renamed, 'new') : column))
        .toSorted(),
    );
  } else {
    let expected = before.schema;
    for (const column of columns) {
      const { newColumn } = column;
      const newDefault = await canonicalDefault(client, newColumn);
      expected = withColumnType(expected, column, { ...newColumn, default: newDefault });
    }
    expected = await withChecksOfNewTypes(client, change, expected);
    expect(withoutPackage(await readSchema(client))).toEqual(subject.afterwards?.(expected) ?? expected);
  }
  await expectValues(client, subject, 'new', load);
  if (down) {
    // Back to the stage enforced, and up again: the reverts that leave indexes and keys with the new column.
    const last = phases.filter(({ name }) => name === 'contract' || name === 'rename');
    await run([...last.map((phase) => phase.down).toReversed(), ...last.map((phase) => phase.up)]);
    await expectValues(client, subject, 'new', load);
    await run(reverts);
    expect(await readSchema(client)).toEqual(before.schema);
    await expectValues(client, subject, 'old', load);
    expect(await untouched()).toEqual(before.untouched);
  }
  await load.stop();
  expect(load.failures).toEqual([]);
  await expectValues(client, subject, down ? 'old' : 'new', load);
}

/** A phase, or its way back. */
export type PhaseFunction = (context: PhaseContext) => Promise<void>;

/** The context of a phase, on the test's own database. */
export interface TestContext extends PhaseContext, AsyncDisposable {
  /** The messages of the phases. */
  readonly lines: readonly string[];
}

/** Opens the context in which phases of the change run. */
export async function openContext(
  url: string,
  declared: ColumnChange,
  ledger: Ledger = 'mikro-orm',
): Promise<TestContext> {
  const openSession = () => Session.open({ connectionString: url }, 'online-migration test');
  const session = await openSession();
  const lines: string[] = [];
  return {
    change: declared,
    columns: changedColumnsOf(declared),
    session,
    openSession,
    lines,
    settings: DEFAULT_SETTINGS,
    emit: ({ message }) => {
      if (message !== undefined) lines.push(message);
    },
    signal: new AbortController().signal,
    ledger,
    recordInLedger: async () => undefined,
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

/** The column as the snapshot names it. */
function pathOf({ table, oldColumn, newColumn }: ChangedColumn, side: 'old' | 'new'): string {
  return `${table.schema}.${table.name}.${(side === 'old' ? oldColumn : newColumn).name}`;
}

/** A changed column, and the value that the clients write to it; undefined if it generates its values. */
interface WrittenColumn {
  readonly column: ChangedColumn;
  readonly value: SharedValue | undefined;
}

function writtenColumns({ change, value, values }: ChangeCase): readonly WrittenColumn[] {
  return changedColumnsOf(change).map((column) => ({
    column,
    value: values === undefined ? value : values[column.oldColumn.name],
  }));
}

/** The side of the values that a form of the change has. */
function sideOf(form: string): 'old' | 'new' {
  return form === 'old' ? 'old' : 'new';
}

function statementsOf(subject: ChangeCase): LoadStatements {
  const { change, load, columns = DEFAULT_COLUMNS } = subject;
  if (load !== undefined) return load;
  const { table } = changeNamesOf(change);
  const { id, n: number } = columns;
  const all = writtenColumns(subject);
  /** The columns that the clients write, with SQL of their values. */
  const assigned = (form: string, columnOf: (name: string) => string) => [
    { name: number, sql: '$1::bigint' },
    ...all.flatMap(({ column, value }) =>
      value === undefined
        ? []
        : [{ name: columnOf(column.oldColumn.name), sql: value[sideOf(form)]('$1::bigint') }],
    ),
  ];
  return {
    insert: ({ form, columnOf }) => {
      const list = assigned(form, columnOf);
      const names = list.map(({ name }) => name).join(', ');
      return `insert into ${table} (${names}) values (${list.map(({ sql }) => sql).join(', ')}) returning ${id}::text as id`;
    },
    update: ({ form, columnOf }) => {
      const list = assigned(form, columnOf).map(({ name, sql }) => `${name} = ${sql}`);
      return `update ${table} set ${list.join(', ')} where ${id}::text = $2 returning ${id}`;
    },
    read: ({ form, columnOf }) => {
      const right = all.map(({ column, value }) => {
        const name = columnOf(column.oldColumn.name);
        const side = sideOf(form);
        return value === undefined ? `${name} is not null` : isSame(column, side, name, value[side](number));
      });
      return `select ${number}::text as n, ${right.join(' and ')} as right from ${table} where ${id}::text = $1`;
    },
  };
}

/** A condition on two values; `json` has no `=`. */
function isSame(change: ChangedColumn, side: 'old' | 'new', one: string, other: string): string {
  const { type } = side === 'old' ? change.oldColumn : change.newColumn;
  const text = type === 'json' ? '::text' : '';
  return `${one}${text} is not distinct from (${other})${text}`;
}

async function expectValues(
  client: Awaited<ReturnType<typeof connect>>,
  subject: ChangeCase,
  side: 'old' | 'new',
  load: ChangeLoad,
): Promise<void> {
  const { change, columns = DEFAULT_COLUMNS } = subject;
  const { table } = changeNamesOf(change);
  const { id, n } = columns;
  for (const { column, value } of writtenColumns(subject)) {
    if (value === undefined) continue;
    const { oldColumn, newColumn } = namesOf(column);
    const name = side === 'new' && isRename(column) ? newColumn : oldColumn;
    const wrong = await client.rows(
      `select ${id}, ${n}, ${name}::text as value from ${table}
      where ${n} > 0 and not (${isSame(column, side, name, value[side](n))}) limit 5`,
    );
    expect(wrong).toEqual([]);
  }
  const acknowledged = load.acknowledged();
  const rows = await client.rows<{ id: string; n: string }>(
    `select ${id}::text as id, ${n}::text as n from ${table} where ${id}::text = any ($1)`,
    [[...acknowledged.keys()]],
  );
  // Writes continue: a row may have a later number than the one acknowledged at the time of the query.
  const stale = rows.filter((row) => BigInt(row.n) < acknowledged.get(row.id)!);
  expect({ stale, rows: rows.length }).toEqual({ stale: [], rows: acknowledged.size });
}

/** The checks of the table as PostgreSQL writes them for its new types: `length(line)` in place of `length((line)::text)`. */
async function withChecksOfNewTypes(
  client: DatabaseClient,
  { table: { schema, name } }: ColumnChange,
  expected: SchemaSnapshot,
): Promise<SchemaSnapshot> {
  const [table] = await client.rows<{ name: string; relation: string }>(
    `select c.oid::regclass::text as name, format('%I.%I', n.nspname, c.relname) as relation
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2`,
    [schema, name],
  );
  const constraints = { ...expected.constraints };
  for (const [key, definition] of Object.entries(constraints)) {
    if (table === undefined || !key.startsWith(`${table.name}.`) || !definition.startsWith('CHECK '))
      continue;
    await client.rows('begin');
    try {
      await client.rows(`create temporary table trial (like ${table.relation})`);
      await client.rows(`alter table trial add constraint written ${definition}`);
      constraints[key] = await client.value<string>(
        `select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'trial'::regclass and conname = 'written'`,
      );
    } catch {
      // It does not fit the new types as it is: the case says how it goes over.
    } finally {
      await client.rows('rollback');
    }
  }
  return { ...expected, constraints };
}

/** The package's own objects stay as long as a way back may need them. */
function withoutPackage(schema: SchemaSnapshot): SchemaSnapshot {
  return { ...schema, package: null };
}
