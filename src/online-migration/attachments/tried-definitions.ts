import { escapeIdentifier } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import { isStatementsFault } from '../postgres/database-error.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { errorOf } from '../postgres/rolled-back.ts';
import { otherSide, type Side } from '../sync/filled-column.ts';
import { type CarriedCheck, withoutNotValid } from './checks.ts';
import type { ConvertConstants } from './converted-constants.ts';
import type { GeneratedColumn } from './generated-columns.ts';
import { asQuery, meaningTest } from './meaning/kept-meaning.ts';
import { asWritten, areImmutable, type Attempt, conversionOf, reasonAgainst } from './tried-attempt.ts';
import { type IndexDefinition, indexDefinition } from './indexes.ts';
import { conditionClauses, conditionsOf, type PolicyConditions, readPolicies } from './policies.ts';
import { columnsAt, type TableColumns, typesAt } from './table-column.ts';
import type { Defined, Translated, Translations } from './translated.ts';
import { onTrialTable } from './trial-table.ts';
import { filterFault } from './tried-filter.ts';
import { addGenerated, readExpression, readExpressionType, resultFault } from './tried-generated.ts';

/**
 * Tries definitions on a trial table, and reads from there how PostgreSQL writes them for the other columns.
 *
 * - If the declaration has a check's condition or a generated column's expression for the other type, that is taken.
 * - An immutable condition must stay immutable. It would otherwise depend on the session, such as its time zone.
 * - A definition that does not fit, or would mean something else for converted values, is tried again with converted constants.
 */
export async function tryDefinitions(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  { indexes, checks, policies, filters, generated }: Defined,
): Promise<Translations> {
  const declaredChecks = declaredFor(change, from, 'checks');
  const declaredColumns = declaredFor(change, from, 'generated');
  const results = {
    indexes: new Map<string, Translated<IndexDefinition>>(),
    checks: new Map<string, Translated<string>>(),
    policies: new Map<string, Translated<PolicyConditions>>(),
    filters: new Map<string, Translated<string>>(),
    generated: new Map<string, Translated<string>>(),
  };
  const meaningOf = await meaningTest(database, change, from);
  await onTrialTable(database, change, from, async (trial) => {
    const { table } = trial;
    const addCheck = (name: string, definition: string) =>
      `alter table ${table} add constraint ${escapeIdentifier(name)} ${definition}`;
    const ofCheck = ({ name }: CarriedCheck, definition: Attempt['create']): Attempt => ({
      create: (convert) => addCheck(name, definition(convert)),
      read: [],
      conditions: [],
      parsed: null,
      found: async (result) =>
        void results.checks.set(name, result ?? { definition: await readCheck(database, table, name) }),
    });
    const ofColumn = (column: GeneratedColumn, expression: string): Attempt => {
      const trialName = `online_migration_generated_${generated.indexOf(column)}`;
      return {
        create: () => addGenerated(table, trialName, column, expression),
        read: [asQuery(expression)],
        conditions: [],
        parsed: null,
        found: async (result) =>
          void results.generated.set(
            column.name,
            result ?? { definition: await readExpression(database, table, trialName) },
          ),
      };
    };
    const [undeclared, declared] = [
      generated.filter(({ name }) => declaredColumns[name] === undefined),
      generated.filter(({ name }) => declaredColumns[name] !== undefined),
    ];
    const types = new Map<GeneratedColumn, string>();
    for (const column of undeclared) {
      types.set(column, await readExpressionType(database, table, column.expression));
    }
    const attempts: Attempt[] = [
      ...indexes.map(({ name, isUnique, definition }, place) => ({
        create: (convert: ConvertConstants) =>
          `create ${isUnique ? 'unique ' : ''}index ${indexName(place)} on ${table} ${convert(definition)}`,
        read: [`create index on ${table} ${definition}`],
        conditions: [],
        parsed: { kind: 'index' as const, name },
        found: async (result: { readonly reason: string } | null) =>
          void results.indexes.set(
            name,
            result ?? { definition: await readIndex(database, indexName(place)) },
          ),
      })),
      ...checks
        .filter(({ name }) => declaredChecks[name] === undefined)
        .map((check) => ({
          ...ofCheck(check, (convert) => convert(withoutNotValid(check.definition))),
          read: [asQuery(check.expression)],
          conditions: [check.expression],
          parsed: { kind: 'check' as const, name: check.name },
        })),
      ...undeclared.map((column) => ({
        ...ofColumn(column, column.expression),
        findReason: async () => resultFault(database, table, column, types.get(column)!),
      })),
      ...policies.map((policy) => ({
        create: (convert: ConvertConstants) => createPolicy(table, policy.name, policy, convert),
        read: conditionsOf(policy).map(asQuery),
        conditions: conditionsOf(policy),
        parsed: { kind: 'policy' as const, name: policy.name },
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
        read: [asQuery(filter.filter)],
        conditions: [filter.filter],
        parsed: null,
        findReason: () => trial.asSession(() => filterFault(database, change, table, filter)),
        found: async (result: { readonly reason: string } | null) =>
          void results.filters.set(
            filter.name,
            result ?? { definition: conditionOfCheck(await readCheck(database, table, filterName(place))) },
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
      const meaning = await meaningOf(attempt.read);
      const reason = meaning.isKept ? await reasonAgainst(database, tried, asWritten) : meaning.reason;
      if (reason === null) continue;
      const convert = meaning.isInConstants ? await conversionOf(database, change, from, attempt) : null;
      if (convert === null || (await reasonAgainst(database, tried, convert)) !== null) {
        reasons.set(attempt, { reason });
      }
    }
    // The declaration calls the columns by the names of the old ones.
    if (from === 'new') await trial.rename();
    const ofDeclaration = [
      ...checks.flatMap((check) => {
        const condition = declaredChecks[check.name];
        if (condition === undefined) return [];
        const inheritance = withoutNotValid(check.definition).endsWith(' NO INHERIT') ? ' no inherit' : '';
        return [ofCheck(check, () => `check (${condition})${inheritance}`)];
      }),
      ...declared.map((column) => ofColumn(column, declaredColumns[column.name]!)),
    ];
    for (const attempt of ofDeclaration) {
      const error = await errorOf(database, attempt.create(asWritten), isStatementsFault);
      if (error !== null) reasons.set(attempt, { reason: error.message });
    }
    if (from === 'old') await trial.rename();
    for (const attempt of [...attempts, ...ofDeclaration]) await attempt.found(reasons.get(attempt) ?? null);
  });
  return results;
}

/** The conditions or expressions that the declaration has for the other side, by the name of the check or column. */
function declaredFor(
  change: ColumnChange,
  from: Side,
  property: 'checks' | 'generated',
): Readonly<Record<string, string>> {
  return Object.assign(
    {},
    ...change.columns.map((pair) => (from === 'old' ? pair.to : pair.from)[property]),
  ) as Record<string, string>;
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
function conditionOfCheck(definition: string): string {
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
