import { isRename, isReversible } from '../change/changed-column.ts';
import type { PhaseName } from '../change/phase-name.ts';
import { inSentence, type NewChange, type NewColumn } from './new-change.ts';
import { typeAlias } from './type-alias.ts';

/** The lines of a file's header. */
type Header = (words: HeadWords) => string[];

/** The words of a header, in which `…` stands around each column. */
interface HeadWords {
  readonly table: string;
  readonly columns: readonly [HeadColumn, ...HeadColumn[]];
  /** The old columns: `a` and `b`. */
  readonly old: string;
  /** The new columns, in the same way. */
  readonly new: string;
  readonly newType: string;
  /** The words for one column or for several. */
  readonly n: typeof ONE;
  readonly isReversible: boolean;
  readonly isNullable: boolean;
  /** The key of the table; empty if it has none. */
  readonly key: readonly string[];
}

interface HeadColumn {
  readonly old: string;
  readonly new: string;
  readonly newType: string;
  readonly isNullable: boolean;
}

/** Words for one column. */
const ONE = {
  column: 'column',
  both: 'both columns',
  name: 'name',
  value: 'value',
  one: 'one',
  it: 'it',
  its: 'its',
  isIt: 'it is',
  trigger: 'trigger',
  filling: 'a sync trigger that fills it',
};
/** The same words for several columns. */
const SEVERAL: typeof ONE = {
  column: 'columns',
  both: 'the old and the new columns',
  name: 'names',
  value: 'values',
  one: 'ones',
  it: 'them',
  its: 'their',
  isIt: 'they are',
  trigger: 'triggers',
  filling: 'sync triggers that fill them',
};

const CATALOG_ONLY = 'for milliseconds at any table size (catalog changes only)';

const HEADERS: Readonly<Record<PhaseName, Header>> = {
  expand: ({ table, columns, old, n }) => [
    `Expand: adds ${inSentence(columns.map((column) => `\`${column.new} ${column.newType}\``))} and ${n.filling} on every write, in one transaction.`,
    ``,
    `    create function … forward, backward, sync`,
    `    alter table ${table} ${columns.map((column) => `add column ${column.new} ${column.newType}`).join(', ')}`,
    ...columns.map(
      (column) => `    create trigger … before insert, before update of a changed ${column.old}`,
    ),
    ``,
    `Lock: ACCESS EXCLUSIVE ${CATALOG_ONLY}, with a lock timeout of 100 ms.`,
    `Compatible application versions: all. They keep reading and writing ${old}.`,
    `Undo: \`migration:down\` drops the ${n.trigger}, the functions and the ${n.column} in one transaction, under the same lock.`,
  ],
  backfill: ({ table, columns, old, new: added, n }) => [
    `Backfill: fills ${added} of the rows that are older than the sync ${n.trigger}, in batches of about 75 ms.`,
    ``,
    `    update ${table} set ${columns.map((column) => `${column.new} = forward(${column.old})`).join(', ')}`,
    `    where ctid >= '(…,0)' and ctid < '(…,0)' and ${anyOf(columns.map((column) => `${column.new} is null`))}`,
    ``,
    `Lock: ROW EXCLUSIVE on the table and the row locks of one batch. Reads never wait; a write waits at most for one batch.`,
    `While it fills a range, it also holds SHARE UPDATE EXCLUSIVE to keep autovacuum away. It releases that lock as soon as`,
    `another session waits for the table.`,
    `Compatible application versions: all. They keep reading and writing ${old}.`,
    `If interrupted, \`migration:up\` resumes from the last batch.`,
    `Undo: nothing to undo; \`migration:down\` deletes the saved progress.`,
  ],
  enforce: ({ table, columns, old, n, isReversible: canReturn, isNullable }) => [
    `Enforce: ${enforced(columns)} and makes ${n.it} the active ${n.column}.`,
    ``,
    `    create index concurrently …, for each index that ${columns.map((column) => column.old).join(' or ')} is in; the foreign keys likewise`,
    ...columns.map(
      (column) => `    alter table ${table} add constraint … check (${filled(column)}) not valid`,
    ),
    `    alter table ${table} validate constraint …`,
    ...columns
      .filter((column) => !column.isNullable)
      .map(
        (column) =>
          `    alter table ${table} alter column ${column.new} set not null     (the check proves it: no scan)`,
      ),
    ...(canReturn
      ? columns.map(
          (column) => `    create trigger … before update of a changed ${column.old} or ${column.new}`,
        )
      : []),
    ``,
    `Lock: ACCESS EXCLUSIVE twice, ${CATALOG_ONLY}. In between, SHARE UPDATE`,
    `EXCLUSIVE while indexes are built and the check reads the table; it does not block reads or writes.`,
    `Compatible application versions: those that use ${old}, and those that know ${n.both}. The latter switch to`,
    `the new ${n.column} as soon as ${n.isIt} enforced.`,
    `It fails if a row has a value that does not convert; the error names the rows.`,
    canReturn
      ? `Undo: \`migration:down\` ${isNullable ? `makes the old ${n.column} active again` : 'drops NOT NULL'} in one transaction; applications return to the old ${n.column}.`
      : `Undo: none. The change is declared as not reversible, and rows written from now on have no old ${n.value}.`,
  ],
  contract: ({ old, n, ...words }) => [
    `Contract: verifies that ${n.both} are equal in every row, then drops ${old}.`,
    ``,
    ...proofAndDrop(words),
    ``,
    `Lock: ACCESS EXCLUSIVE twice, ${CATALOG_ONLY}. No table lock in between, during`,
    `the verification.`,
    `Compatible application versions: those that know ${n.both}. Stop a version that knows only ${old} before: a read`,
    `with \`select *\` would return rows without ${n.it} instead of failing. It waits for processes that announce that they use ${n.it}.`,
    ...wayBack(`adds the ${n.column} again`, n, words),
  ],
  rename: ({ table, columns, new: added, n }) => [
    `Rename: renames ${inSentence(columns.map((column) => `\`${column.new}\` to \`${column.old}\``))}.`,
    ``,
    ...renames(table, columns),
    ``,
    `Lock: ACCESS EXCLUSIVE ${CATALOG_ONLY}.`,
    `Compatible application versions: those that know both names. If a query fails because of the rename, they run it again`,
    `with the other ${n.name}.`,
    `Undo: \`migration:down\` restores the ${n.name} ${added} in one transaction.`,
  ],
};

const CONTRACT_AND_RENAME: Header = ({ old, new: added, newType, n, ...words }) => [
  `Contract: verifies that ${n.both} are equal in every row, then drops ${old} and gives ${n.its} ${n.name} to ${added}, in one`,
  `transaction.`,
  ``,
  ...proofAndDrop(words),
  ...renames(words.table, words.columns),
  ``,
  `Lock: ACCESS EXCLUSIVE twice, ${CATALOG_ONLY}. No table lock in between, during`,
  `the verification.`,
  `Compatible application versions: those that know ${n.both}, and programs that use ${old} with either type. A program that`,
  `needs the old type fails from now on, or works with values of ${newType}. It waits for processes that announce that they`,
  `use the old ${n.column}.`,
  ...wayBack(`renames the ${n.column} to ${added}, adds the old ${n.one} again`, n, words),
];

const RENAME_ONLY: Header = ({ table, columns: [column], old, new: name }) => [
  `Rename: renames ${old} to ${name}.`,
  ``,
  `    alter table ${table} rename column ${column.old} to ${column.new}`,
  ``,
  `Lock: ACCESS EXCLUSIVE ${CATALOG_ONLY}, with a lock timeout of 100 ms.`,
  `Compatible application versions: those that know both names. If a query fails because of the rename, they run it again`,
  `with the other name. A program that knows only ${old} fails from now on.`,
  `Undo: \`migration:down\` restores the name ${old} in one transaction, under the same lock.`,
];

/** The values that enforce ensures: `sets a NOT NULL`, or `ensures that …,` if a column is nullable. */
function enforced(columns: readonly HeadColumn[]): string {
  const required = columns.filter(({ isNullable }) => !isNullable).map((column) => `\`${column.new}\``);
  const nullable = columns.filter(({ isNullable }) => isNullable);
  const clauses = [
    ...(required.length === 0 ? [] : [`sets ${inSentence(required)} NOT NULL`]),
    ...nullable.map(
      (column) =>
        `ensures that \`${column.new}\` has a value in every row in which \`${column.old}\` has one`,
    ),
  ];
  return clauses.join(', ') + (nullable.length === 0 ? '' : ',');
}

/** The condition that enforce proves for each row. */
function filled(column: HeadColumn): string {
  const isFilled = `${column.new} is not null`;
  return column.isNullable ? `${column.old} is null or ${isFilled}` : isFilled;
}

function proofAndDrop({ table, columns, key }: Pick<HeadWords, 'table' | 'columns' | 'key'>): string[] {
  const differing = columns.map((column) => `forward(${column.old}) is distinct from ${column.new}`);
  const drops = columns.map((column) => `alter table ${table} drop column ${column.old}`);
  return [
    `    select … where ${differing.join(' or ')}     (in batches${key.length === 0 ? '' : `, by ${key.join(', ')}`})`,
    `    drop trigger …; ${drops.join('; ')}; drop function …`,
  ];
}

/** The way back of contract: two lines, because one would be too long. */
function wayBack(
  restored: string,
  n: typeof ONE,
  { columns, isReversible: canReturn }: Pick<HeadWords, 'columns' | 'isReversible'>,
): string[] {
  if (!canReturn) return [`Undo: none; the change is declared as not reversible.`];
  const isRequired = columns.some((column) => !column.isNullable);
  return [
    `Undo: \`migration:down\` ${restored}, and fills ${n.it} in batches with exactly the same values.`,
    ...(isRequired ? [`NOT NULL comes back as enforce sets it.`] : []),
  ];
}

function renames(table: string, columns: readonly HeadColumn[]): string[] {
  return columns.map((column) => `    alter table ${table} rename column ${column.new} to ${column.old}`);
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 1 ? conditions.join() : `(${conditions.join(' or ')})`;
}

function templateOf(change: NewChange['change'], phase: PhaseName): Header {
  if (isRename(change)) return RENAME_ONLY;
  return phase === 'contract' && change.renameInContract ? CONTRACT_AND_RENAME : HEADERS[phase];
}

function headColumn({ change: { oldColumn, newColumn, nullable } }: NewColumn): HeadColumn {
  return {
    old: oldColumn.name,
    new: newColumn.name,
    newType: typeAlias(newColumn.type),
    isNullable: nullable === true,
  };
}

/** The lines of the header of a phase's migration. */
export function headerOf({ table, change, columns }: NewChange, phase: PhaseName): string[] {
  const [first, ...others] = columns;
  const headColumns = [headColumn(first), ...others.map(headColumn)] as const;
  return templateOf(
    change,
    phase,
  )({
    table: table.name,
    columns: headColumns,
    old: inSentence(headColumns.map((column) => `\`${column.old}\``)),
    new: inSentence(headColumns.map((column) => `\`${column.new}\``)),
    newType: inSentence([...new Set(headColumns.map((column) => column.newType))]),
    n: columns.length === 1 ? ONE : SEVERAL,
    isReversible: change.columns.every(isReversible),
    isNullable: headColumns.every((column) => column.isNullable),
    key: table.key,
  });
}
