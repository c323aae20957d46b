import { AddToken, collecting, FillInitials, type MigrationClass } from './migrations.ts';

/** An ordinary migration that is dangerous on a table in use, as docs/recipes.md describes it. */
export interface Scenario {
  readonly title: string;
  /** Statements that prepare the table before the load. */
  readonly prepare: readonly string[];
  /** The statements as MikroORM writes them. */
  readonly asWritten: readonly string[];
  /** The migrations that run in their place; by default one with the same statements. */
  readonly migrations: readonly MigrationClass[];
  /** Whether a long query reads the table meanwhile. The statement itself is quick, and the requests behind it are not. */
  readonly hasReader?: boolean;
}

/** A scenario whose statements stay as they are written. */
function sameStatements(scenario: Omit<Scenario, 'migrations'>): Scenario {
  return { ...scenario, migrations: [collecting(scenario.asWritten)] };
}

/** The scenarios, by the names of `npm run demo -- --scenario <name>`. */
export const SCENARIOS = {
  'not-null': sameStatements({
    title: 'a property becomes required: null → NOT NULL',
    prepare: [`alter table large_record add note text null default 'none'`],
    asWritten: [`alter table "large_record" alter column "note" set not null;`],
  }),
  'required-property': sameStatements({
    title: 'a new required property with a constant default',
    prepare: [],
    asWritten: [`alter table "large_record" add "status" varchar(255) not null default 'new';`],
    hasReader: true,
  }),
  'volatile-default': {
    title: 'a new required property with a default that differs from row to row',
    prepare: [],
    asWritten: [`alter table "large_record" add "token" uuid not null default gen_random_uuid();`],
    migrations: [AddToken],
  },
  index: sameStatements({
    title: 'an index',
    prepare: [],
    asWritten: [`create index "large_record_name_index" on "large_record" ("name");`],
  }),
  unique: sameStatements({
    title: 'a unique constraint',
    prepare: [`alter table large_record add code uuid not null default gen_random_uuid()`],
    asWritten: [`alter table "large_record" add constraint "large_record_code_unique" unique ("code");`],
  }),
  'foreign-key': sameStatements({
    title: 'a foreign key of an existing column',
    prepare: [
      `create table customer (id int primary key)`,
      `insert into customer select generate_series(1, 1000)`,
      `alter table large_record add customer_id int null default 1`,
    ],
    asWritten: [
      `alter table "large_record" add constraint "large_record_customer_id_foreign" foreign key ("customer_id") references "customer" ("id");`,
    ],
  }),
  check: sameStatements({
    title: 'another value of a text enum: the check is replaced',
    prepare: [
      `alter table large_record add state text not null default 'new'`,
      `alter table large_record add constraint "large_record_state_check" check (state in ('new', 'paid'))`,
    ],
    asWritten: [
      `alter table "large_record" drop constraint "large_record_state_check";`,
      `alter table "large_record" add constraint "large_record_state_check" check ("state" in ('new', 'paid', 'sent'));`,
    ],
  }),
  drop: sameStatements({
    title: 'a dropped column',
    prepare: [`alter table large_record add note text null`],
    asWritten: [`alter table "large_record" drop column "note";`],
    hasReader: true,
  }),
  rename: sameStatements({
    title: 'a renamed column',
    prepare: [`alter table large_record add note text null`],
    asWritten: [`alter table "large_record" rename column "note" to "remark";`],
    hasReader: true,
  }),
  backfill: {
    title: 'values of a column from another one',
    prepare: [
      `alter table large_record add initial text null`,
      `alter table large_record alter initial set default ''`,
    ],
    asWritten: [`update "large_record" set "initial" = left("name", 1) where "initial" is null;`],
    migrations: [FillInitials],
  },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;
