import { escapeIdentifier } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import { isStatementsFault, SQLSTATE, sqlState } from '../postgres/database-error.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { errorOf } from '../postgres/rolled-back.ts';
import { otherSide, type Side } from '../sync/filled-column.ts';
import { withoutNotValid } from './checks.ts';
import { constantConversion, type ConvertConstants } from './converted-constants.ts';
import { type IndexDefinition, indexDefinition } from './indexes.ts';
import { comparesByLostOrder, type ParsedAttachment } from './order-comparisons.ts';
import { conditionClauses, type PolicyConditions, readPolicies, usesColumns } from './policies.ts';
import { columnsAt, type TableColumns, typesAt } from './table-column.ts';
import type { Defined, Translated, Translations } from './translated.ts';
import { onTrialTable } from './trial-table.ts';
import { filterFault } from './tried-filter.ts';

/** A definition to create on the trial table. */
interface Attempt {
  /** @param convert applies to each definition of the catalog that the statement contains */
  readonly create: (convert: ConvertConstants) => string;
  /** Its conditions, which must not become dependent on the session; empty for an index, which PostgreSQL checks itself. */
  readonly conditions: readonly string[];
  /** The attachment; null if its constants stay. */
  readonly parsed: ParsedAttachment | null;
  /** A reason against it that shows after its creation; null for none. */
  readonly findReason?: () => Promise<string | null>;
  /** How the definition reads in the catalog, after the trial columns got the other columns' names. */
  readonly found: (result: { readonly reason: string } | null) => Promise<void>;
}

/**
 * Tries definitions on a trial table, and reads from there how PostgreSQL writes them for the other columns.
 *
 * - If the declaration has a check's condition for the other type, that is taken.
 * - An immutable condition must stay immutable. It would otherwise depend on the session, such as its time zone.
 * - A definition that does not fit is tried again with converted constants.
 */
export async function tryDefinitions(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  { indexes, checks, policies, filters }: Defined,
): Promise<Translations> {
  const declared: Readonly<Record<string, string>> = Object.assign(
    {},
    ...change.columns.map((pair) => (from === 'old' ? pair.to : pair.from).checks),
  );
  const results = {
    indexes: new Map<string, Translated<IndexDefinition>>(),
    checks: new Map<string, Translated<string>>(),
    policies: new Map<string, Translated<PolicyConditions>>(),
    filters: new Map<string, Translated<string>>(),
  };
  await onTrialTable(database, change, from, async (trial) => {
    const { table } = trial;
    const addCheck = (name: string, definition: string) =>
      `alter table ${table} add constraint ${escapeIdentifier(name)} ${definition}`;
    const attempts: Attempt[] = [
      ...indexes.map(({ name, isUnique, definition }, place) => ({
        create: (convert: ConvertConstants) =>
          `create ${isUnique ? 'unique ' : ''}index ${indexName(place)} on ${table} ${convert(definition)}`,
        conditions: [],
        parsed: { kind: 'index' as const, name },
        found: async (result: { readonly reason: string } | null) =>
          void results.indexes.set(
            name,
            result ?? { definition: await readIndex(database, indexName(place)) },
          ),
      })),
      ...checks
        .filter(({ name }) => declared[name] === undefined)
        .map(({ name, definition, expression }) => ({
          create: (convert: ConvertConstants) => addCheck(name, convert(withoutNotValid(definition))),
          conditions: [expression],
          parsed: { kind: 'check' as const, name },
          found: async (result: { readonly reason: string } | null) =>
            void results.checks.set(name, result ?? { definition: await readCheck(database, table, name) }),
        })),
      ...policies.map((policy) => ({
        create: (convert: ConvertConstants) => createPolicy(table, policy.name, policy, convert),
        conditions: [policy.using, policy.withCheck].filter((condition) => condition !== null),
        parsed: { kind: 'policy' as const, name: policy.name },
        findReason: async () =>
          (await usesColumns(database, { table, name: policy.name }, columnsAt(change, from)))
            ? 'a subquery reads the column in other rows of the table'
            : null,
        found: async (result: { readonly reason: string } | null) =>
          void results.policies.set(
            policy.name,
            result ?? {
              definition: await readPolicy(
                database,
                { table, columns: columnsAt(change, otherSide(from)).columns },
                policy.name,
              ),
            },
          ),
      })),
      // A temporary table has no publications. A check writes the condition in the same form.
      ...filters.map((filter, place) => ({
        create: () => addCheck(filterName(place), `check (${filter.filter})`),
        conditions: [filter.filter],
        parsed: null,
        findReason: () => trial.asSession(() => filterFault(database, change, table, filter)),
        found: async (result: { readonly reason: string } | null) =>
          void results.filters.set(
            filter.name,
            result ?? { definition: conditionOf(await readCheck(database, table, filterName(place))) },
          ),
      })),
    ];
    const mutable = new Set<Attempt>();
    for (const attempt of attempts) {
      if (!(await areImmutable(database, table, attempt.conditions))) mutable.add(attempt);
    }
    await trial.convert();
    const reasons = new Map<Attempt, { readonly reason: string }>();
    for (const attempt of attempts) {
      const tried = {
        table,
        attempt,
        isMutable: mutable.has(attempt),
        type: typesAt(change, otherSide(from)),
      };
      const reason = await reasonAgainst(database, tried, asWritten);
      if (reason === null) continue;
      const convert = await conversionOf(database, change, from, attempt);
      if (convert === null || (await reasonAgainst(database, tried, convert)) !== null) {
        reasons.set(attempt, { reason });
      }
    }
    // The declaration calls the columns by the names of the old ones.
    if (from === 'new') await trial.rename();
    for (const { name, definition } of checks) {
      if (declared[name] === undefined) continue;
      const inheritance = withoutNotValid(definition).endsWith(' NO INHERIT') ? ' no inherit' : '';
      const error = await errorOf(
        database,
        addCheck(name, `check (${declared[name]})${inheritance}`),
        isStatementsFault,
      );
      if (error !== null) results.checks.set(name, { reason: error.message });
    }
    if (from === 'old') await trial.rename();
    for (const attempt of attempts) await attempt.found(reasons.get(attempt) ?? null);
    for (const { name } of checks) {
      if (!results.checks.has(name)) {
        results.checks.set(name, { definition: await readCheck(database, table, name) });
      }
    }
  });
  return results;
}

function asWritten(definition: string): string {
  return definition;
}

/** The conversion of the constants of an attempt; null if they have to stay. */
async function conversionOf(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  { create, parsed }: Attempt,
): Promise<ConvertConstants | null> {
  if (parsed === null) return null;
  const convert = await constantConversion(database, change, from, [create(asWritten)]);
  return convert === null || (await comparesByLostOrder(database, change, from, parsed)) ? null : convert;
}

interface TriedAttempt {
  readonly table: string;
  readonly attempt: Attempt;
  /** Whether its conditions depend on the session before the change. */
  readonly isMutable: boolean;
  /** The type of the trial columns, for the reason. */
  readonly type: string;
}

/** Makes an attempt. If there is a reason against it, nothing of it is left. */
async function reasonAgainst(
  database: Queryable,
  { table, attempt, isMutable, type }: TriedAttempt,
  convert: ConvertConstants,
): Promise<string | null> {
  await database.query('savepoint online_migration_attempt');
  const error = await errorOf(database, attempt.create(convert), isStatementsFault);
  let reason = error === null ? ((await attempt.findReason?.()) ?? null) : error.message;
  if (reason === null && !isMutable) {
    const areKept = await areImmutable(
      database,
      table,
      attempt.conditions.map((one) => convert(one)),
    );
    if (!areKept) {
      reason = `for ${type}, its result depends on settings of the session, such as the time zone`;
    }
  }
  if (reason !== null) await database.query('rollback to savepoint online_migration_attempt');
  await database.query('release savepoint online_migration_attempt');
  return reason;
}

/** PostgreSQL takes only an immutable expression for an index. */
async function areImmutable(
  database: Queryable,
  table: string,
  expressions: readonly string[],
): Promise<boolean> {
  for (const expression of expressions) {
    const error = await errorOf(database, `create index on ${table} ((${expression}))`, isStatementsFault);
    if (sqlState(error) === SQLSTATE.notImmutable) return false;
  }
  return true;
}

function indexName(place: number): string {
  return `online_migration_index_${place}`;
}

function filterName(place: number): string {
  return `online_migration_filter_${place}`;
}

function createPolicy(
  table: string,
  name: string,
  conditions: PolicyConditions,
  convert: ConvertConstants,
): string {
  const command = conditions.using === null ? ' for insert' : '';
  return `create policy ${escapeIdentifier(name)} on ${table}${command}${convert(conditionClauses(conditions))}`;
}

async function readIndex(database: Queryable, name: string): Promise<IndexDefinition> {
  const { rows } = await database.query<IndexDefinition>(
    `
    select ${indexDefinition('i')} as definition, pg_get_expr(i.indpred, i.indrelid) as condition
    from pg_catalog.pg_index i
    where i.indexrelid = to_regclass($1)`,
    [`pg_temp.${name}`],
  );
  return rows[0]!;
}

async function readCheck(database: Queryable, table: string, name: string): Promise<string> {
  const { rows } = await database.query<{ definition: string }>(
    `
    select pg_get_constraintdef(con.oid) as definition
    from pg_catalog.pg_constraint con
    where con.conrelid = to_regclass($1) and con.contype = 'c' and con.conname = $2`,
    [table, name],
  );
  return rows[0]!.definition;
}

/** The condition of a check as the catalog writes it for a row filter: `CHECK ((size > 0))`. */
function conditionOf(definition: string): string {
  return definition.slice('CHECK ('.length, -')'.length);
}

async function readPolicy(
  database: Queryable,
  columns: TableColumns,
  name: string,
): Promise<PolicyConditions> {
  const policies = await readPolicies(database, columns);
  const { using, withCheck } = policies.find((policy) => policy.name === name)!;
  return { using, withCheck };
}
