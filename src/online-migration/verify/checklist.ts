import { readAttachments, readNumberings } from '../attachments/attachments.ts';
import type { CarriedIndex } from '../attachments/indexes.ts';
import { viewObstacles } from '../attachments/obstacles/view-obstacles.ts';
import type { SubqueryPolicy } from '../attachments/subquery-policies.ts';
import { columnAt, columnsAt, mirrorName } from '../attachments/table-column.ts';
import { tryViews } from '../attachments/views/try-views.ts';
import { readViews } from '../attachments/views/views.ts';
import { greatestOf, isNarrower, readReferencingColumns } from '../attachments/referencing-columns.ts';
import { forwardFill } from '../backfill/plan/fill.ts';
import { readTriggerPlan } from '../backfill/batch/firing-triggers.ts';
import { type ChangedColumn, changedColumnsOf, isRename } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { typeValues } from '../change/declared-type.ts';
import { namesOf } from '../change/names.ts';

/** Risks that the catalog does not show and that a person must check before a change, a sentence each. */
export async function readChecklist(database: Queryable, change: ColumnChange): Promise<string[]> {
  const { table } = change;
  const columns = changedColumnsOf(change);
  const [{ oldColumn, newColumn }] = columns;
  if (isRename(change)) {
    return [
      `Programs that use ${oldColumn.name} and do not follow the change: they fail from rename on, until they use ${newColumn.name}.`,
      `Prepared statements with \`select *\`: they fail once in each connection after rename (0A000, cached plan must not ` +
        `change result type).`,
    ];
  }
  const own = await readAttachments(database, change, 'old');
  return [
    programsThatDoNotFollow(change, columns),
    `\`copy ${table.name}\` and \`insert into ${table.name} values (…)\` without a list of columns: ${comeLast(columns)} last. ` +
      `From expand on a copy fails, from contract on a value goes into another column, without an error if the type fits.`,
    `Prepared statements with \`select *\`: they fail once in each connection after expand, contract and rename (0A000, cached ` +
      `plan must not change result type).`,
    ...uniqueIndexes(own.indexes),
    ...(await ofEachColumn(columns, (column) => narrowerColumns(database, column))),
    ...(await ofEachColumn(columns, (column) => unboundColumns(database, column))),
    ...(await readNumberings(database, change, 'old'))
      .filter(({ identity }) => identity !== null)
      .map(
        ({ sequence }) =>
          `Direct calls of nextval('${sequence}'): contract makes the sequence of the identity anew, and a call in ` +
          `that instant fails.`,
      ),
    ...(await silentTriggers(database, change)),
    ...(await carriedViews(database, change)),
    ...subqueryPolicies(change, own.subqueryPolicies),
  ];
}

async function ofEachColumn(
  columns: readonly ChangedColumn[],
  read: (column: ChangedColumn) => Promise<string[]>,
): Promise<string[]> {
  const points = new Set<string>();
  for (const column of columns) for (const point of await read(column)) points.add(point);
  return [...points];
}

function programsThatDoNotFollow(change: ColumnChange, columns: readonly ChangedColumn[]): string {
  const names = columns.map(({ oldColumn }) => oldColumn.name);
  const programs =
    `Programs that use ${listed(names, 'or')} and do not follow the active ` +
    (columns.length === 1 ? 'column' : 'columns');
  if (!change.renameInContract) return `${programs}: they fail from contract on.`;
  const types = columns.map(({ oldColumn, newColumn }) =>
    columns.length === 1 ? newColumn.type : `${newColumn.type} for ${oldColumn.name}`,
  );
  return `${programs}: from contract on, they get and must give values of ${listed(types, 'and')}.`;
}

function comeLast(columns: readonly ChangedColumn[]): string {
  const names = columns.map(({ newColumn }) => newColumn.name);
  return `${listed(names, 'and')} ${names.length === 1 ? 'comes' : 'come'}`;
}

/** Texts as a sentence lists them: `a, b and c`. */
function listed(texts: readonly string[], conjunction: 'and' | 'or'): string {
  if (texts.length === 1) return texts[0]!;
  return `${texts.slice(0, -1).join(', ')} ${conjunction} ${texts.at(-1)}`;
}

/** Views that contract makes anew. PostgreSQL accepts a definition that reads differently for the new type. */
async function carriedViews(database: Queryable, change: ColumnChange): Promise<string[]> {
  const views = await readViews(database, columnsAt(change, 'old'));
  if (views.length === 0 || (await viewObstacles(database, change, 'old')).length > 0) return [];
  const { changedColumns } = await tryViews(database, change, 'old', views);
  return views.map(({ name }) => {
    const changed = changedColumns
      .filter(({ view }) => view === name)
      .map(({ column, to }) => `${column} becomes ${to}`);
    return (
      `The view ${name}: contract makes it anew from the same definition${changed.map((one) => `, ${one}`).join('')}. Check ` +
      `that its expressions mean the same for ${newTypes(change)}`
    );
  });
}

/** Policies that contract alters. PostgreSQL accepts a condition that reads differently for the new type. */
function subqueryPolicies(change: ColumnChange, policies: readonly SubqueryPolicy[]): string[] {
  return policies.map(
    ({ policyName, table }) =>
      `The policy ${policyName} of ${table}: contract alters it to the same conditions for the new column. Check that they mean ` +
      `the same for ${newTypes(change)}`,
  );
}

/** The new types, as the end of a sentence. */
function newTypes(change: ColumnChange): string {
  const types = [...new Set(changedColumnsOf(change).map(({ newColumn }) => newColumn.type))];
  return (
    listed(types, 'and') +
    (types.some((type) => DEPENDS_ON_TIME_ZONE.test(type))
      ? `, whose text and date depend on the time zone of the session.`
      : '.')
  );
}

/** Types whose text and date depend on the session. */
const DEPENDS_ON_TIME_ZONE = /^(timestamptz|timestamp\b.*\bwith time zone)/i;

function uniqueIndexes(indexes: readonly CarriedIndex[]): string[] {
  return indexes
    .filter(({ isUnique }) => isUnique)
    .map(
      ({ name }) =>
        `Programs that \`insert … on conflict\` and do not follow the active column: between enforce and contract an insert can ` +
        `fail with 23505 on ${mirrorName(name)}, as it stands beside ${name}; they have to run it again.`,
    );
}

/** Columns that refer to the column, also through others, and cannot hold its new values. Each needs a change of its own. */
async function narrowerColumns(database: Queryable, change: ChangedColumn): Promise<string[]> {
  const { oldColumn, newColumn } = change;
  const [oldType, type] = [
    await spelledType(database, oldColumn.type),
    await spelledType(database, newColumn.type),
  ];
  const columns = await readReferencingColumns(database, columnAt(change, 'old'));
  return columns
    .filter((column) =>
      isNarrower(oldType, type) || !column.isDirect ? isNarrower(column.type, type) : column.type !== type,
    )
    .map(({ name, targets, isDirect, type: kept }) => {
      const greatest = greatestOf(kept);
      return (
        `${name} refers to ${isDirect ? oldColumn.name : targets.join(' and ')} and keeps its type: a value that only ` +
        `${newColumn.type} holds does not go in there. It needs a change of its own` +
        (greatest === null || greatestOf(type) === null
          ? '.'
          : ` before this one: from the number ${BigInt(greatest) + 1n} on, each insert and update of ${name} fails with 22003. ` +
            `\`npx online-migration new\` writes the changes of all these columns, in their order.`)
      );
    });
}

/** The catalog's spelling of a declared type; the type itself if it is not known. */
async function spelledType(database: Queryable, declared: string): Promise<string> {
  const [type, modifier] = typeValues(declared);
  const { rows } = await database.query<{ type: string | null }>(
    `select format_type(to_regtype($1), null) as type`,
    [type],
  );
  return `${rows[0]?.type ?? type}${modifier === null ? '' : `(${modifier})`}`;
}

/** Columns of other tables whose names suggest a reference to the column, and that have no foreign key. */
async function unboundColumns(database: Queryable, change: ChangedColumn): Promise<string[]> {
  const { table, oldColumn, newColumn } = change;
  const singular = table.name.replace(/s$/, '');
  const { rows } = await database.query<{ name: string }>(
    `
    select format('%s.%I', c.oid::regclass, a.attname) as name
    from pg_catalog.pg_class c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p') and not c.relispartition and c.oid <> to_regclass($1)
      and lower(a.attname) = any ($2) and a.atttypid in ('int2'::regtype, 'int4'::regtype) and a.atttypid <> $3::text::regtype
      and $3::text::regtype in ('int4'::regtype, 'int8'::regtype)
      and not exists (
        select from pg_catalog.pg_constraint con where con.contype = 'f' and con.conrelid = c.oid and a.attnum = any (con.conkey)
      )
    order by 1`,
    [
      namesOf(change).table,
      [table.name, singular].map((name) => `${name}_${oldColumn.name}`.toLowerCase()),
      typeValues(newColumn.type)[0],
    ],
  );
  return rows.map(
    ({ name }) =>
      `${name} has no foreign key and is called as if it held values of ${oldColumn.name}: if it does, it needs a change of its own.`,
  );
}

/** Triggers that fire for an update of the application, but not for an update of the backfill. */
async function silentTriggers(database: Queryable, change: ColumnChange): Promise<string[]> {
  const { silent } = await readTriggerPlan(database, forwardFill(change));
  const names = [...new Set(silent.map(({ name }) => name))];
  if (names.length === 0) return [];
  return [
    `Triggers that do not fire for the rows that a backfill updates: ${names.join(', ')}. If one has to, add it to ` +
      `\`firesInBackfill\` and let it fire always, with \`alter table … enable always trigger …\`; if all of them have to, it ` +
      `is enough to add them.`,
  ];
}
