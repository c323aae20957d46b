import { escapeIdentifier } from 'pg';
import type { ChangedColumn } from '../change/changed-column.ts';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { errorOf } from '../postgres/rolled-back.ts';
import { readDefinitions, type RecordedDefinition } from '../state/definitions.ts';
import { otherSide, type Side } from '../sync/filled-column.ts';
import type { Attachments } from './attachments.ts';
import { type CarriedCheck, withoutNotValid } from './checks.ts';
import { type CarriedIndex, type IndexDefinition, indexDefinition, plainDefinition } from './indexes.ts';
import { columnAt } from './table-column.ts';
import { onTrialTable, type Trial, TRIAL_TABLE } from './trial-table.ts';

/** A definition for the other column, or the reason why it has none. */
type Translated<Definition> = { readonly definition: Definition } | { readonly reason: string };

/** The definitions for the other column, by the name of the index or check. */
export interface Translations {
  readonly indexes: ReadonlyMap<string, Translated<IndexDefinition>>;
  readonly checks: ReadonlyMap<string, Translated<string>>;
}

/** An attachment with a definition to translate. */
type Kind = RecordedDefinition['kind'];

/** SQLSTATE classes of an error in the definition: feature not supported, data exception, syntax or unknown name. */
const DEFINITION_ERROR = /^(0A|22|42)/;

/**
 * The definition of an attachment for the other column. An attachment without one is refused before a phase begins.
 * @throws Error if there is none
 */
export function definitionOf<Definition>(
  translations: ReadonlyMap<string, Translated<Definition>>,
  name: string,
): Definition {
  const translated = translations.get(name);
  if (translated !== undefined && 'definition' in translated) return translated.definition;
  throw new Error(
    `${name} has no definition for the other column: ${translated?.reason ?? 'it was not translated'}`,
  );
}

/** The reason why an attachment has no definition for the other column; null if it has one or needs none. */
export function reasonOf(
  translations: ReadonlyMap<string, Translated<unknown>>,
  name: string,
): string | null {
  const translated = translations.get(name);
  return translated !== undefined && 'reason' in translated ? translated.reason : null;
}

/** Whether any of them has to be tried on a trial table. */
export function needsTrial({ indexes, checks }: Pick<Attachments, 'indexes' | 'checks'>): boolean {
  return checks.length > 0 || indexes.some(({ isPlain }) => !isPlain);
}

/**
 * Translates the definitions of indexes and checks to the other column.
 *
 * - A plain index gets the other column's name.
 * - On the way back, a definition that was translated on the way up gets its original text, byte for byte.
 * - If the declaration has a check's condition for the other type, that is taken.
 * - Everything else is tried on a trial table, and PostgreSQL writes the definition. An immutable condition of a check
 *   must stay immutable: it would otherwise depend on the session, such as its time zone.
 *
 * @param from the column that has them
 */
export async function translate(
  database: Queryable,
  change: ChangedColumn,
  from: Side,
  { indexes, checks }: Pick<Attachments, 'indexes' | 'checks'>,
): Promise<Translations> {
  const recorded = from === 'new' ? await readDefinitions(database, change) : [];
  const original = (kind: Kind, name: string, definition: string) =>
    recorded.find((one) => one.kind === kind && one.name === name && one.newDefinition === definition);
  const [leaving, staying] = [columnAt(change, from).column, columnAt(change, otherSide(from)).column];
  const found = {
    indexes: new Map<string, Translated<IndexDefinition>>(),
    checks: new Map<string, Translated<string>>(),
  };
  for (const index of indexes) {
    const recordedIndex = original('index', index.name, index.definition);
    if (recordedIndex !== undefined) {
      const { oldDefinition: definition, oldCondition: condition } = recordedIndex;
      found.indexes.set(index.name, { definition: { definition, condition } });
    } else if (index.isPlain) {
      found.indexes.set(index.name, { definition: plainDefinition(index, leaving, staying) });
    }
  }
  for (const check of checks) {
    const recordedCheck = original('check', check.name, withoutNotValid(check.definition));
    if (recordedCheck !== undefined)
      found.checks.set(check.name, { definition: recordedCheck.oldDefinition });
  }
  const left = {
    indexes: indexes.filter(({ name }) => !found.indexes.has(name)),
    checks: checks.filter(({ name }) => !found.checks.has(name)),
  };
  if (left.indexes.length + left.checks.length === 0) return found;
  await onTrialTable(database, change, from, async (trial) => {
    await tryAll(database, change, from, trial, left, found);
  });
  return found;
}

async function tryAll(
  database: Queryable,
  change: ChangedColumn,
  from: Side,
  trial: Trial,
  {
    indexes,
    checks,
  }: { readonly indexes: readonly CarriedIndex[]; readonly checks: readonly CarriedCheck[] },
  found: {
    readonly indexes: Map<string, Translated<IndexDefinition>>;
    readonly checks: Map<string, Translated<string>>;
  },
): Promise<void> {
  const declared = (from === 'old' ? change.newColumn : change.oldColumn).checks ?? {};
  const derived = checks.filter(({ name }) => declared[name] === undefined);
  const given = checks.filter(({ name }) => declared[name] !== undefined);
  const mutable = new Set<string>();
  for (const { name, expression } of derived) {
    if (!(await isImmutable(database, expression))) mutable.add(name);
  }
  await trial.convert();
  for (const [place, index] of indexes.entries()) {
    const error = await tried(
      database,
      `create ${index.isUnique ? 'unique ' : ''}index ${trialName('index', place)} on ${TRIAL_TABLE} ${index.definition}`,
    );
    if (error !== null) found.indexes.set(index.name, { reason: error });
  }
  for (const { name, definition, expression } of derived) {
    const error = await tried(database, addCheck(name, withoutNotValid(definition)));
    const type = (from === 'old' ? change.newColumn : change.oldColumn).type;
    if (error !== null) found.checks.set(name, { reason: error });
    else if (!mutable.has(name) && !(await isImmutable(database, expression))) {
      found.checks.set(name, {
        reason: `for ${type}, its result depends on settings of the session, such as the time zone`,
      });
    }
  }
  // The declaration calls the column by its name before and after the change.
  if (from === 'new') await trial.rename();
  for (const { name, definition } of given) {
    const error = await tried(
      database,
      addCheck(name, `check (${declared[name]})${inheritanceOf(definition)}`),
    );
    if (error !== null) found.checks.set(name, { reason: error });
  }
  if (from === 'old') await trial.rename();
  for (const [place, { name }] of indexes.entries()) {
    if (!found.indexes.has(name)) {
      found.indexes.set(name, { definition: await readIndexDefinition(database, trialName('index', place)) });
    }
  }
  for (const { name } of checks) {
    if (!found.checks.has(name)) {
      found.checks.set(name, { definition: await readCheckDefinition(database, name) });
    }
  }
}

function trialName(kind: Kind, place: number): string {
  return `online_migration_${kind}_${place}`;
}

function addCheck(name: string, definition: string): string {
  return `alter table ${TRIAL_TABLE} add constraint ${escapeIdentifier(name)} ${definition}`;
}

/** Whether partitions and heirs have the check too. */
function inheritanceOf(definition: string): string {
  return withoutNotValid(definition).endsWith(' NO INHERIT') ? ' no inherit' : '';
}

async function tried(database: Queryable, statement: string): Promise<string | null> {
  return (await errorOf(database, statement, isDefinitionsFault))?.message ?? null;
}

/** Whether the error belongs to the definition that was tried. */
export function isDefinitionsFault(error: unknown): error is Error {
  return DEFINITION_ERROR.test(sqlState(error) ?? '');
}

/** PostgreSQL takes only an immutable expression for an index. */
async function isImmutable(database: Queryable, expression: string): Promise<boolean> {
  const error = await errorOf(
    database,
    `create index on ${TRIAL_TABLE} ((${expression}))`,
    isDefinitionsFault,
  );
  return sqlState(error) !== SQLSTATE.notImmutable;
}

async function readIndexDefinition(database: Queryable, name: string): Promise<IndexDefinition> {
  const { rows } = await database.query<IndexDefinition>(
    `
    select ${indexDefinition('i')} as definition, pg_get_expr(i.indpred, i.indrelid) as condition
    from pg_catalog.pg_index i
    where i.indexrelid = to_regclass($1)`,
    [`pg_temp.${name}`],
  );
  return rows[0]!;
}

async function readCheckDefinition(database: Queryable, name: string): Promise<string> {
  const { rows } = await database.query<{ definition: string }>(
    `
    select pg_get_constraintdef(con.oid) as definition
    from pg_catalog.pg_constraint con
    where con.conrelid = to_regclass($1) and con.contype = 'c' and con.conname = $2`,
    [TRIAL_TABLE, name],
  );
  return rows[0]!.definition;
}
