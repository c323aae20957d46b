import { escapeIdentifier } from 'pg';
import type { ColumnChange } from '../../change/column-change.ts';
import { isStatementsFault, SQLSTATE, sqlState } from '../../postgres/database-error.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { errorOf } from '../../postgres/rolled-back.ts';
import { readDefinitions } from '../../state/definitions.ts';
import { otherSide, type Side } from '../../sync/filled-column.ts';
import { meaningTest } from '../meaning/kept-meaning.ts';
import { columnsAt, typesAt } from '../table-column.ts';
import type { Translated } from '../translated.ts';
import { onTrialTable } from '../trial-table.ts';
import type { ColumnTrigger } from './column-triggers.ts';
import { createTrigger } from './trigger-definition.ts';

/** The definition of a trigger behind the table's name, with a condition for the other columns. */
export interface TranslatedRest {
  readonly rest: string;
  /** Whether it is the original one and names the other columns. Otherwise it names the columns of this side. */
  readonly isOriginal: boolean;
}

/** Comparisons of the old row with the new one. */
const COMPARISONS = ['is distinct from', '<>', '='].flatMap((operator) => [
  ['old', operator, 'new'] as const,
  ['new', operator, 'old'] as const,
]);

/** The triggers whose conditions use a column of a side. */
export function testing(
  change: ColumnChange,
  side: Side,
  triggers: readonly ColumnTrigger[],
): ColumnTrigger[] {
  const { columns } = columnsAt(change, side);
  return triggers.filter(({ tested }) => tested.some((name) => columns.includes(name)));
}

/**
 * The triggers whose conditions have to be tried on a trial table. A condition that still is as contract made it has its
 * original for the way back.
 */
export async function triedTriggers(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  triggers: readonly ColumnTrigger[],
): Promise<ColumnTrigger[]> {
  const known = await readOriginals(database, change, from, triggers);
  return testing(change, from, triggers).filter(({ name }) => !known.has(name));
}

/**
 * Translates the conditions of triggers to the columns of the other side.
 *
 * - A comparison of the row before and after the write, `old.total is distinct from new.total`, compares values of the other
 *   type. PostgreSQL writes a varchar's as one of texts, which would depend on the session for a timestamp.
 * - Everything else is tried on a trial table. A result that does not depend on the session must stay so.
 *
 * @param from the side that the conditions use
 * @returns the definitions, by the name of the trigger
 */
export async function translateConditions(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  triggers: readonly ColumnTrigger[],
): Promise<ReadonlyMap<string, Translated<TranslatedRest>>> {
  const results = await readOriginals(database, change, from, triggers);
  const tried = testing(change, from, triggers).filter(({ name }) => !results.has(name));
  if (tried.length === 0) return results;
  const meaningOf = await meaningTest(database, change, from);
  await onTrialTable(database, change, from, async ({ table, convert }) => {
    const { rows } = await database.query<{ path: string }>(`select current_setting('search_path') as path`);
    const setPath = (path: string) => database.query(`select set_config('search_path', $1, true)`, [path]);
    // A table can have the name of a type, such as "date", so the temporary schema is searched last.
    await setPath('pg_catalog, pg_temp');
    const comparisons = await readComparisons(database, table, columnsAt(change, from).columns);
    const mutable = new Set<string>();
    for (const { name, rest } of tried) {
      if (!(await isImmutable(database, table, rest ?? ''))) mutable.add(name);
    }
    // The declared types are looked up by the session's search_path.
    await setPath(rows[0]!.path);
    await convert();
    await setPath('pg_catalog, pg_temp');
    for (const trigger of tried) {
      const { name } = trigger;
      const rest = comparisons.reduce(
        (text, [written, condition]) => text.replaceAll(written, () => condition),
        trigger.rest ?? '',
      );
      const create = createTrigger(trigger, table, [], rest);
      const meaning = await meaningOf([create]);
      const error = meaning.isKept ? await errorOf(database, create, isStatementsFault) : null;
      if (!meaning.isKept) {
        results.set(name, { reason: meaning.reason });
      } else if (error !== null) {
        results.set(name, { reason: error.message });
      } else if (!mutable.has(name) && !(await isImmutable(database, table, rest))) {
        const reason = `for ${typesAt(change, otherSide(from))}, the result of its condition depends on settings of the session, such as the time zone`;
        results.set(name, { reason });
      } else {
        results.set(name, { definition: { rest, isOriginal: false } });
      }
    }
  });
  return results;
}

/** The original definitions of triggers that are still as contract made them. */
async function readOriginals(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  triggers: readonly ColumnTrigger[],
): Promise<Map<string, Translated<TranslatedRest>>> {
  const originals = new Map<string, Translated<TranslatedRest>>();
  const candidates = testing(change, from, triggers);
  if (from === 'old' || candidates.length === 0) return originals;
  const recorded = (await readDefinitions(database, change)).filter(({ kind }) => kind === 'trigger');
  for (const { name, rest } of candidates) {
    const found = recorded.find((one) => one.name === name && one.newDefinition === rest);
    if (found === undefined) continue;
    originals.set(name, { definition: { rest: found.oldDefinition, isOriginal: true } });
  }
  return originals;
}

/** How PostgreSQL writes the comparisons of columns in the conditions of triggers, and the comparisons themselves. */
async function readComparisons(
  database: Queryable,
  table: string,
  columns: readonly string[],
): Promise<(readonly [written: string, condition: string])[]> {
  const comparisons: (readonly [string, string])[] = [];
  for (const column of columns.map((name) => escapeIdentifier(name))) {
    for (const [one, operator, other] of COMPARISONS) {
      const condition = `(${one}.${column} ${operator} ${other}.${column})`;
      const create = `
        create or replace trigger online_migration_comparison after update on ${table}
        for each row when ${condition} execute function pg_catalog.suppress_redundant_updates_trigger()`;
      // A type such as json has no comparison.
      if ((await errorOf(database, create, isStatementsFault)) !== null) continue;
      const { rows } = await database.query<{ definition: string }>(
        `
        select pg_get_triggerdef(t.oid) as definition from pg_catalog.pg_trigger t
        where t.tgrelid = to_regclass($1) and t.tgname = 'online_migration_comparison'`,
        [table],
      );
      comparisons.push([conditionOf(rows[0]!.definition), condition]);
    }
  }
  await database.query(`drop trigger if exists online_migration_comparison on ${table}`);
  return comparisons;
}

/** Whether a condition gives the same result in every session. It is the same for values of the old and the new row. */
async function isImmutable(database: Queryable, table: string, rest: string): Promise<boolean> {
  const expression = conditionOf(rest).replaceAll(/(?<![\w$"])(old|new)\./g, '');
  const error = await errorOf(database, `create index on ${table} ((${expression}))`, isStatementsFault);
  return sqlState(error) !== SQLSTATE.notImmutable;
}

/** The condition of a definition as PostgreSQL writes it: `FOR EACH ROW WHEN (…) EXECUTE FUNCTION …`. */
function conditionOf(definition: string): string {
  const start = ' WHEN (';
  const from = definition.indexOf(start) + start.length;
  return definition.slice(from, definition.lastIndexOf(') EXECUTE FUNCTION '));
}
