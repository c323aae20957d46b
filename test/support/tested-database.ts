import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import type { ColumnChange } from '../../src/online-migration/change/column-change.ts';
import { type PhaseFunction, openContext, type TestContext } from './change-cycle.ts';
import { connect, type DatabaseClient } from './database-client.ts';
import { createTestDatabase, type TestDatabase } from './test-server.ts';

/** Empties the database. */
const RESET = `
  drop schema if exists online_migration cascade;
  drop schema public cascade;
  create schema public`;

/** A database of a test file's own; usable inside its tests and hooks. */
export interface TestedDatabase {
  readonly url: string;
  readonly name: string;
  /** Connected as a superuser. */
  readonly client: DatabaseClient;
  /** Opens one more connection, which is closed after the test. */
  connect(applicationName?: string): Promise<DatabaseClient>;
  /** Opens the context in which phases of the change run; closed after the test. */
  open(change: ColumnChange): Promise<TestContext>;
  /**
   * Runs phases one by one.
   * @returns the lines that they logged
   */
  readonly runPhases: (change: ColumnChange, phases: readonly PhaseFunction[]) => Promise<readonly string[]>;
  /** Has something end with the test, before the database goes. */
  defer(end: () => Promise<unknown>): void;
}

/**
 * Gives each test a new database.
 * @param setup statements that run in it before the test
 */
export function databasePerTest(...setup: readonly string[]): TestedDatabase {
  const slot = new DatabaseSlot();
  beforeEach(async () => {
    await slot.fill();
    for (const statement of setup) await slot.client.rows(statement);
  });
  afterEach(() => slot.empty());
  return slot;
}

/**
 * Gives all tests one database, whose schemas `public` and `online_migration` are made anew before each: quicker than a
 * new database.
 *
 * @param setup statements that run before each test
 */
export function databasePerFile(...setup: readonly string[]): TestedDatabase {
  const slot = new DatabaseSlot();
  beforeAll(() => slot.fill());
  beforeEach(async () => {
    for (const statement of [RESET, ...setup]) await slot.client.rows(statement);
  });
  afterEach(() => slot.endTest());
  afterAll(() => slot.empty());
  return slot;
}

/** Holds the database of the moment. */
class DatabaseSlot implements TestedDatabase {
  #resources = new AsyncDisposableStack();
  #ofTest = new AsyncDisposableStack();
  #database: TestDatabase | undefined;
  #client: DatabaseClient | undefined;

  /** Stays the same object from test to test, so that a file can take it out once. */
  readonly client: DatabaseClient = delegating(() => this.#client);

  // An arrow function, so that a file can take it out, too.
  readonly runPhases = async (
    change: ColumnChange,
    phases: readonly PhaseFunction[],
  ): Promise<readonly string[]> => {
    await using context = await openContext(this.url, change);
    for (const phase of phases) await phase(context);
    return context.lines;
  };

  get url(): string {
    return inUse(this.#database).url;
  }

  get name(): string {
    return inUse(this.#database).name;
  }

  async connect(applicationName?: string): Promise<DatabaseClient> {
    return this.#ofTest.use(await connect(this.url, applicationName));
  }

  async open(change: ColumnChange): Promise<TestContext> {
    return this.#ofTest.use(await openContext(this.url, change));
  }

  defer(end: () => Promise<unknown>): void {
    this.#ofTest.defer(async () => {
      await end();
    });
  }

  async fill(): Promise<void> {
    this.#resources = new AsyncDisposableStack();
    this.#database = this.#resources.use(await createTestDatabase());
    this.#client = this.#resources.use(await connect(this.#database.url));
  }

  async endTest(): Promise<void> {
    const ended = this.#ofTest;
    this.#ofTest = new AsyncDisposableStack();
    await ended.disposeAsync();
  }

  async empty(): Promise<void> {
    await this.endTest();
    await this.#resources.disposeAsync();
  }
}

function delegating(current: () => DatabaseClient | undefined): DatabaseClient {
  return {
    get pid() {
      return inUse(current()).pid;
    },
    query: (sql, values) => inUse(current()).query(sql, values),
    rows: (sql, values) => inUse(current()).rows(sql, values),
    value: (sql, values) => inUse(current()).value(sql, values),
    [Symbol.asyncDispose]: () => inUse(current())[Symbol.asyncDispose](),
  };
}

function inUse<Resource>(resource: Resource | undefined): Resource {
  if (resource === undefined) throw new Error('The database is there inside of tests and their hooks alone.');
  return resource;
}
