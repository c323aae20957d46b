import { escapeIdentifier } from 'pg';
import type { ColumnChange } from '../../change/column-change.ts';
import { hasWayBack } from '../../change/changed-column.ts';
import { changeNamesOf } from '../../change/names.ts';
import { isStatementsFault } from '../../postgres/database-error.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { errorOf, rolledBack } from '../../postgres/rolled-back.ts';
import { freeTemporaryNames } from '../../postgres/temporary-names.ts';
import type { Side } from '../../sync/filled-column.ts';
import { createLentTable, readUsedKeys, TRIAL_TABLE, TRIAL_TABLE_NAME } from '../lent-trial-table.ts';
import { type ColumnNames, columnNames, lendNames, returnNames, spareName } from '../under-other-name.ts';
import { indexStatement, readStoredViews, type StoredView } from './materialized-views.ts';
import { type ChangedViewColumn, readChangedColumns } from './changed-view-columns.ts';
import { type MeaningTest, meaningTest } from '../meaning/kept-meaning.ts';
import { replaceRelations } from '../qualified-names.ts';
import { type CarriedView, readViews } from './views.ts';

/*
 * PostgreSQL itself answers whether the views can be made anew for the other column. In a transaction that is rolled
 * back, a temporary table takes the place of the real one. It takes ACCESS SHARE on the real table and reads no row.
 *
 * 1. Create the table with the columns of the real one. Give the other columns the first ones' names, as contract will.
 * 2. Create each view as a temporary one, from its definition with other names of the table and the views. A
 *    definition can use the relation's own name as an alias, so a temporary relation gets that name while it is used.
 * 3. None of the views may still use a first column. A definition that lists the table's columns by place does.
 * 4. For a change that has a way back, make the views anew for the first columns again.
 */

/** The result of a trial. */
export interface ViewTrial {
  /** The views that cannot be made anew, with PostgreSQL's reason. */
  readonly refused: readonly { readonly view: string; readonly reason: string }[];
  readonly changedColumns: readonly ChangedViewColumn[];
}

/**
 * Tries whether the views of one side can be made anew for the columns of the other side.
 * @param database one connection, not a pool; its role needs TEMPORARY on the database
 * @param from the side that the views use
 * @param views in the order of {@link readViews}
 */
export async function tryViews(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  views: readonly CarriedView[],
): Promise<ViewTrial> {
  try {
    return await rolledBack(database, () => tryInTransaction(database, change, from, views));
  } catch (error) {
    // The role may be unable to read the table.
    if (!isStatementsFault(error)) throw error;
    return { refused: views.map(({ name }) => ({ view: name, reason: error.message })), changedColumns: [] };
  }
}

async function tryInTransaction(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  views: readonly CarriedView[],
): Promise<ViewTrial> {
  const names = columnNames(change, from);
  await freeTemporaryNames(database, [change.table.name, ...views.map(({ relationName }) => relationName)]);
  await createLentTable(database, change, from, names);
  // A table can have the name of a type, such as "date", so the temporary schema is searched last.
  await database.query(`set local search_path = pg_catalog, pg_temp`);
  const stored = await readStoredViews(database, views);
  const changed = await withOtherMeaning(await meaningTest(database, change, from), views, stored);
  if (changed.length > 0) return { refused: changed, changedColumns: [] };
  const there = await tryAll(database, views, names, {
    nameOf: trialName,
    create: async (view) =>
      (await originalOrLent(database, change, names, views, view)) ??
      (await tryIndexes(
        database,
        stored.find((one) => one.view.oid === view.oid),
      )),
  });
  if (there.length > 0) return { refused: there, changedColumns: [] };
  const changedColumns = await readChangedColumns(database, views, trialName);
  const back = from === 'new' || !hasWayBack(change) ? [] : await tryWayBack(database, views, names);
  return { refused: back, changedColumns };
}

/** The views that would mean something else for converted values, and not those that use them. */
async function withOtherMeaning(
  meaningOf: MeaningTest,
  views: readonly CarriedView[],
  stored: readonly StoredView[],
): Promise<ViewTrial['refused']> {
  const refused = new Map<string, { view: string; reason: string }>();
  // A view uses the column by the name that another view gave it.
  const read = new Map<string, readonly string[]>();
  for (const { oid, name, uses, definition, isOriginal = false } of views) {
    const indexes = stored.find(({ view }) => view.oid === oid)?.indexes ?? [];
    const own = [
      ...definition,
      ...indexes.map((index, place) =>
        indexStatement(index, name, { name: `index_${place}`, relation: name }),
      ),
    ];
    const statements = [...uses.flatMap((used) => read.get(used) ?? []), ...own];
    read.set(oid, statements);
    if (isOriginal || uses.some((used) => refused.has(used))) continue;
    const { isKept, reason } = await meaningOf(statements);
    if (!isKept) refused.set(oid, { view: name, reason });
  }
  return [...refused.values()];
}

/**
 * Creates the temporary views.
 * @param trial.nameOf the name of a temporary view, unquoted
 * @param trial.create creates one view and returns PostgreSQL's error; null if it has none
 * @returns the views that cannot be created, and those that still use a leaving column
 */
async function tryAll(
  database: Queryable,
  views: readonly CarriedView[],
  names: readonly ColumnNames[],
  {
    nameOf,
    create,
  }: {
    readonly nameOf: (view: CarriedView) => string;
    readonly create: (view: CarriedView) => Promise<string | null>;
  },
): Promise<ViewTrial['refused']> {
  const refused = new Map<string, { view: string; reason: string }>();
  for (const view of views) {
    if (view.uses.some((oid) => refused.has(oid))) continue;
    const reason = await create(view);
    if (reason !== null) refused.set(view.oid, { view: view.name, reason });
  }
  const { rows } = await database.query<{ name: string }>(
    `
    select distinct c.relname as name
    from pg_catalog.pg_depend d
    join pg_catalog.pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
    join pg_catalog.pg_class c on c.oid = r.ev_class
    join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.refclassid = 'pg_class'::regclass and d.refobjid = to_regclass($1) and a.attname = any ($2)`,
    [TRIAL_TABLE_NAME, names.map(spareName)],
  );
  for (const view of views) {
    if (!rows.some(({ name }) => name === nameOf(view))) continue;
    refused.set(view.oid, {
      view: view.name,
      reason: 'its definition lists the columns of the table by their place, as an alias or `using` does',
    });
  }
  return [...refused.values()];
}

/** Creates one view. Its original definition names the staying columns. */
async function originalOrLent(
  database: Queryable,
  change: ColumnChange,
  names: readonly ColumnNames[],
  views: readonly CarriedView[],
  view: CarriedView,
): Promise<string | null> {
  if (!view.isOriginal) return lentDefinition(database, change, views, view);
  for (const statement of returnNames(TRIAL_TABLE_NAME, names)) await database.query(statement);
  const reason = await lentDefinition(database, change, views, view);
  for (const statement of lendNames(TRIAL_TABLE_NAME, names)) await database.query(statement);
  return reason;
}

/** Creates one view, while the temporary relations have the names that its definition uses. */
async function lentDefinition(
  database: Queryable,
  change: ColumnChange,
  views: readonly CarriedView[],
  view: CarriedView,
): Promise<string | null> {
  const viewsUsed = views.filter(({ oid }) => view.uses.includes(oid));
  const used = [
    ...(viewsUsed.length < view.uses.length
      ? [{ name: changeNamesOf(change).table, relationName: change.table.name, trial: TRIAL_TABLE }]
      : []),
    ...viewsUsed.map((other) => ({ ...other, trial: trialName(other) })),
  ];
  const lent = used.map(({ relationName }) => relationName);
  const twice = lent.find((name, place) => lent.indexOf(name) !== place);
  if (twice !== undefined) return `it uses two relations with the name ${twice}, which cannot be tried`;
  for (const { relationName, trial } of used) {
    await database.query(`alter table pg_temp.${trial} rename to ${escapeIdentifier(relationName)}`);
  }
  const replacements = [
    ...used.map(({ name, relationName }) => [name, `pg_temp.${escapeIdentifier(relationName)}`] as const),
    [view.name, `pg_temp.${trialName(view)}`] as const,
  ];
  const reason = await runAll(
    database,
    view.definition.map((statement) => replaceRelations(statement, replacements)),
  );
  for (const { relationName, trial } of used) {
    await database.query(`alter table pg_temp.${escapeIdentifier(relationName)} rename to ${trial}`);
  }
  return reason;
}

/** Creates the indexes of a materialized view on a table with the columns of its temporary view. */
async function tryIndexes(database: Queryable, stored: StoredView | undefined): Promise<string | null> {
  if (stored === undefined) return null;
  const relation = `pg_temp.online_migration_stored_${stored.view.oid}`;
  await database.query(
    `create temporary table ${relation} as table pg_temp.${trialName(stored.view)} with no data`,
  );
  await giveToOwner(database, relation, stored.owner);
  return await runAll(
    database,
    stored.indexes.map((index, place) =>
      indexStatement(index, stored.view.name, {
        name: `online_migration_index_${stored.view.oid}_${place}`,
        relation,
      }),
    ),
  );
}

/** PostgreSQL calls functions in the indexes of a table with the rights of its owner, if the session may give it away. */
async function giveToOwner(database: Queryable, relation: string, owner: string): Promise<void> {
  const { rows } = await database.query<{ may_give: boolean }>(
    `
    select self.rolsuper or has_database_privilege($1::regrole, current_database(), 'temporary') and pg_has_role(
      current_user, $1::regrole, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end
    ) as may_give
    from pg_catalog.pg_roles self where self.rolname = current_user`,
    [owner],
  );
  if (rows[0]!.may_give) await database.query(`alter table ${relation} owner to ${owner}`);
}

/** Makes the temporary views anew for columns with the first ones' types. */
async function tryWayBack(
  database: Queryable,
  views: readonly CarriedView[],
  names: readonly ColumnNames[],
): Promise<ViewTrial['refused']> {
  for (const statement of returnNames(TRIAL_TABLE_NAME, names)) await database.query(statement);
  const back = names.map(({ leaving, staying }) => ({ leaving: staying, staying: leaving }));
  const made = await readViews(database, {
    table: TRIAL_TABLE_NAME,
    columns: back.map(({ leaving }) => leaving),
  });
  const keys = await readUsedKeys(database, TRIAL_TABLE_NAME);
  for (const { name } of made.toReversed()) await database.query(`drop view ${name}`);
  for (const { name } of keys)
    await database.query(`alter table ${TRIAL_TABLE_NAME} drop constraint ${name}`);
  for (const statement of lendNames(TRIAL_TABLE_NAME, back)) await database.query(statement);
  for (const { definition } of keys)
    await database.query(`alter table ${TRIAL_TABLE_NAME} add ${definition}`);
  const refused = await tryAll(database, made, back, {
    nameOf: ({ relationName }) => relationName,
    create: ({ definition }) => runAll(database, definition),
  });
  return refused.map(({ view, reason }) => ({
    view: views.find((one) => view.endsWith(`.${trialName(one)}`))?.name ?? view,
    reason: `on the way back, ${reason}`,
  }));
}

/** Runs statements until PostgreSQL refuses one; returns its error. */
async function runAll(database: Queryable, statements: readonly string[]): Promise<string | null> {
  for (const statement of statements) {
    const error = await errorOf(database, statement, isStatementsFault);
    if (error !== null) return error.message;
  }
  return null;
}

function trialName({ oid }: CarriedView): string {
  return `online_migration_view_${oid}`;
}
