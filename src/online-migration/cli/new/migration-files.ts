import { type ChangedColumn, isRename, isReversible } from '../../change/changed-column.ts';
import { phaseNamesOf, type PhaseName } from '../../change/phase-name.ts';
import { inComment, migrationNumber, type NewChange } from './new-change.ts';
import type { WrittenFile } from './written-files.ts';

/** The lines of a file's header. */
type Header = (words: HeadWords) => string[];

interface HeadWords {
  readonly table: string;
  readonly old: string;
  readonly new: string;
  readonly oldType: string;
  readonly newType: string;
  readonly isReversible: boolean;
  readonly isNullable: boolean;
}

const CATALOG_ONLY = 'for milliseconds at any table size (catalog changes only)';

const HEADERS: Readonly<Record<PhaseName, Header>> = {
  expand: ({ table, old, new: added, newType }) => [
    `Expand: adds \`${added} ${newType}\` and a sync trigger that fills it on every write, in one transaction.`,
    ``,
    `    create function … forward, backward, sync`,
    `    alter table ${table} add column ${added} ${newType}`,
    `    create trigger … before insert, before update of a changed ${old}`,
    ``,
    `Lock: ACCESS EXCLUSIVE ${CATALOG_ONLY}, with a lock timeout of 100 ms.`,
    `Compatible application versions: all. They keep reading and writing \`${old}\`.`,
    `Undo: \`migration:down\` drops the trigger, the functions and the column in one transaction, under the same lock.`,
  ],
  backfill: ({ table, old, new: added }) => [
    `Backfill: fills \`${added}\` of the rows that are older than the sync trigger, in batches of about 100 ms.`,
    ``,
    `    update ${table} set ${added} = forward(${old})`,
    `    where ctid >= '(…,0)' and ctid < '(…,0)' and ${added} is null`,
    ``,
    `Lock: ROW EXCLUSIVE on the table and the row locks of one batch. Reads never wait; a write waits at most for one batch.`,
    `While it fills a range, it also holds SHARE UPDATE EXCLUSIVE to keep autovacuum away. It releases that lock as soon as`,
    `another session waits for the table.`,
    `Compatible application versions: all. They keep reading and writing \`${old}\`.`,
    `If interrupted, \`migration:up\` resumes from the last batch.`,
    `Undo: nothing to undo; \`migration:down\` deletes the saved progress.`,
  ],
  enforce: ({ table, old, new: added, isReversible: canReturn, isNullable }) => [
    isNullable
      ? `Enforce: ensures that \`${added}\` has a value in every row in which \`${old}\` has one, and makes it the active column.`
      : `Enforce: sets \`${added}\` NOT NULL and makes it the active column.`,
    ``,
    `    create index concurrently …, for each index that ${old} is in; the foreign keys likewise`,
    `    alter table ${table} add constraint … check (…) not valid`,
    `    alter table ${table} validate constraint …`,
    ...(isNullable
      ? []
      : [`    alter table ${table} alter column ${added} set not null     (the check proves it: no scan)`]),
    ``,
    `Lock: ACCESS EXCLUSIVE twice, ${CATALOG_ONLY}. In between, SHARE UPDATE`,
    `EXCLUSIVE while indexes are built and the check reads the table; it does not block reads or writes.`,
    `Compatible application versions: those that use \`${old}\`, and those that know both columns. The latter switch to`,
    `the new column as soon as it is enforced.`,
    `It fails if a row has a value that does not convert; the error names the rows.`,
    canReturn
      ? `Undo: \`migration:down\` ${isNullable ? 'makes the old column active again' : 'drops NOT NULL'} in one transaction; applications return to the old column.`
      : `Undo: none. The change is declared as not reversible, and rows written from now on have no old value.`,
  ],
  contract: ({ table, old, new: added, isReversible: canReturn }) => [
    `Contract: verifies that both columns are equal in every row, then drops \`${old}\`.`,
    ``,
    `    select … where forward(${old}) is distinct from ${added}     (in batches)`,
    `    drop trigger …; alter table ${table} drop column ${old}; drop function …`,
    ``,
    `Lock: ACCESS EXCLUSIVE twice, ${CATALOG_ONLY}. No table lock in between, during`,
    `the verification.`,
    `Compatible application versions: those that know both columns. Stop a version that knows only \`${old}\` before: a read`,
    `with \`select *\` would return rows without it instead of failing. It waits for processes that announce that they use it.`,
    canReturn
      ? `Undo: \`migration:down\` adds the column again and fills it in batches with exactly the same values.`
      : `Undo: none; the change is declared as not reversible.`,
  ],
  rename: ({ table, old, new: added }) => [
    `Rename: renames \`${added}\` to \`${old}\`.`,
    ``,
    `    alter table ${table} rename column ${added} to ${old}`,
    ``,
    `Lock: ACCESS EXCLUSIVE ${CATALOG_ONLY}.`,
    `Compatible application versions: those that know both names. If a query fails because of the rename, they run it again`,
    `with the other name.`,
    `Undo: \`migration:down\` restores the name \`${added}\` in one transaction.`,
  ],
};

const CONTRACT_AND_RENAME: Header = ({ table, old, new: added, newType, isReversible: canReturn }) => [
  `Contract: verifies that both columns are equal in every row, then drops \`${old}\` and gives its name to \`${added}\`, in one`,
  `transaction.`,
  ``,
  `    select … where forward(${old}) is distinct from ${added}     (in batches)`,
  `    drop trigger …; alter table ${table} drop column ${old}; drop function …`,
  `    alter table ${table} rename column ${added} to ${old}`,
  ``,
  `Lock: ACCESS EXCLUSIVE twice, ${CATALOG_ONLY}. No table lock in between, during`,
  `the verification.`,
  `Compatible application versions: those that know both columns, and programs that use \`${old}\` with either type. A program that`,
  `needs the old type fails from now on, or works with values of ${newType}. It waits for processes that announce that they`,
  `use the old column.`,
  canReturn
    ? `Undo: \`migration:down\` renames the column to \`${added}\`, adds the old one again and fills it in batches with exactly the same values.`
    : `Undo: none; the change is declared as not reversible.`,
];

const RENAME_ONLY: Header = ({ table, old, new: name }) => [
  `Rename: renames \`${old}\` to \`${name}\`.`,
  ``,
  `    alter table ${table} rename column ${old} to ${name}`,
  ``,
  `Lock: ACCESS EXCLUSIVE ${CATALOG_ONLY}, with a lock timeout of 100 ms.`,
  `Compatible application versions: those that know both names. If a query fails because of the rename, they run it again`,
  `with the other name. A program that knows only \`${old}\` fails from now on.`,
  `Undo: \`migration:down\` restores the name \`${old}\` in one transaction, under the same lock.`,
];

function headerOf(change: ChangedColumn, phase: PhaseName): Header {
  if (isRename(change)) return RENAME_ONLY;
  return phase === 'contract' && change.renameInContract ? CONTRACT_AND_RENAME : HEADERS[phase];
}

/** The migrations of a change, one for each phase, in order. */
export function migrationFiles(subject: NewChange): WrittenFile[] {
  const { table, change, words } = subject;
  const head: HeadWords = {
    table: table.name,
    old: change.oldColumn.name,
    new: change.newColumn.name,
    oldType: change.oldColumn.type,
    newType: change.newColumn.type,
    isReversible: isReversible(change),
    isNullable: change.nullable === true,
  };
  return phaseNamesOf(change).map((verb, index) => ({
    path: `migrations/${migrationNumber(subject, index)}_${verb}_${words.migration}.ts`,
    text: `import { phases } from 'online-migration';
import { ColumnMigration } from 'online-migration/mikro-orm';
import { ${words.declaration} } from '../src/${words.folder}/${words.file}-change.ts';

/**
${headerOf(
  change,
  verb,
)(head)
  .map((line) => (line === '' ? ' *' : ` * ${inComment(line)}`))
  .join('\n')}
 */
export class ${verb.charAt(0).toUpperCase()}${verb.slice(1)}${words.pascal} extends ColumnMigration {
  override readonly change = ${words.declaration};
  override readonly phase = phases.${verb};
}
`,
  }));
}
