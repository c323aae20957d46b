import type { PhaseName } from '../../change/phase-name.ts';
import { inComment, migrationNumber, type NewChange } from './new-change.ts';
import type { WrittenFile } from './written-files.ts';

interface PhaseHeader {
  readonly verb: PhaseName;
  /** The lines of the file's header. */
  readonly head: (words: HeadWords) => string[];
}

interface HeadWords {
  readonly table: string;
  readonly old: string;
  readonly new: string;
  readonly oldType: string;
  readonly newType: string;
  readonly isReversible: boolean;
  readonly isNullable: boolean;
}

const PHASES: readonly PhaseHeader[] = [
  {
    verb: 'expand',
    head: ({ table, old, new: added, newType }) => [
      `Expand: \`${added} ${newType}\` beside \`${old}\`, kept equal by a sync trigger, in ONE transaction.`,
      ``,
      `    create function … forward, backward, sync`,
      `    alter table ${table} add column ${added} ${newType}`,
      `    create trigger … before insert, before update of a changed ${old}`,
      ``,
      `Lock: ACCESS EXCLUSIVE, catalog only, milliseconds at any size; asked for with a lock timeout of 100 ms.`,
      `Compatible application versions: all. They keep reading and writing \`${old}\`.`,
      `Undo: \`migration:down\` drops the trigger, the functions and the column, in ONE transaction under the same lock.`,
    ],
  },
  {
    verb: 'backfill',
    head: ({ table, old, new: added }) => [
      `Backfill: \`${added}\` of every row that is older than the sync trigger, in batches that aim at 100 ms.`,
      ``,
      `    update ${table} set ${added} = forward(${old})`,
      `    where ctid >= '(…,0)' and ctid < '(…,0)' and ${added} is null`,
      ``,
      `Lock: ROW EXCLUSIVE on the table and the row locks of one batch; reads never wait, a write as long as a batch.`,
      `Compatible application versions: all. They keep reading and writing \`${old}\`.`,
      `Interrupted, by Ctrl-C or worse: \`migration:up\` goes on where it stopped.`,
      `Undo: nothing to undo; \`migration:down\` forgets how far it was.`,
    ],
  },
  {
    verb: 'enforce',
    head: ({ table, old, new: added, isReversible, isNullable }) => [
      isNullable
        ? `Enforce: \`${added}\` has a value in each row in which \`${old}\` has one. From then on the application uses it.`
        : `Enforce: \`${added}\` is NOT NULL, and from then on the application uses it.`,
      ``,
      `    create index concurrently …, for each index that ${old} is in; the foreign keys likewise`,
      `    alter table ${table} add constraint … check (…) not valid`,
      `    alter table ${table} validate constraint …`,
      ...(isNullable
        ? []
        : [`    alter table ${table} alter column ${added} set not null     (the check proves it: no scan)`]),
      ``,
      `Lock: ACCESS EXCLUSIVE, catalog only, milliseconds at any size, twice; in between SHARE UPDATE EXCLUSIVE while`,
      `indexes are made and the check reads the table, which reads and writes don't feel.`,
      `Compatible application versions: those that use \`${old}\`, and those that know both columns, which switch at once.`,
      `Refused while a row has a value that does not convert; the error names the rows.`,
      isReversible
        ? `Undo: \`migration:down\` in ONE transaction; applications go back to the old column.`
        : `Undo: none. The change is declared as not reversible, and rows written from now on have no old value.`,
    ],
  },
  {
    verb: 'contract',
    head: ({ table, old, new: added, isReversible }) => [
      `Contract: \`${old}\` goes, after the proof that both columns say the same in every row.`,
      ``,
      `    select … where forward(${old}) is distinct from ${added}     (in batches)`,
      `    drop trigger …; alter table ${table} drop column ${old}; drop function …`,
      ``,
      `Lock: twice ACCESS EXCLUSIVE, catalog only, milliseconds at any size; none in between, during the proof.`,
      `Compatible application versions: those that know both columns, or only the new one. It waits for users of \`${old}\`.`,
      isReversible
        ? `Undo: \`migration:down\` adds the column again and fills it in batches, every value as it was.`
        : `Undo: none; the change is declared as not reversible.`,
    ],
  },
  {
    verb: 'rename',
    head: ({ table, old, new: added }) => [
      `Rename: \`${added}\` takes the name \`${old}\`.`,
      ``,
      `    alter table ${table} rename column ${added} to ${old}`,
      ``,
      `Lock: ACCESS EXCLUSIVE, catalog only, milliseconds at any size.`,
      `Compatible application versions: those that know both names. A query that the rename breaks runs again.`,
      `Undo: \`migration:down\` gives the interim name back in ONE transaction.`,
    ],
  },
];

/** The five migrations of a change, in order. */
export function migrationFiles(subject: NewChange): WrittenFile[] {
  const { table, change, words } = subject;
  const head: HeadWords = {
    table: table.name,
    old: change.oldColumn.name,
    new: change.newColumn.name,
    oldType: change.oldColumn.type,
    newType: change.newColumn.type,
    isReversible: change.conversion.backward !== 'not reversible',
    isNullable: change.nullable === true,
  };
  return PHASES.map(({ verb, head: describe }, index) => ({
    path: `migrations/${migrationNumber(subject, index)}_${verb}_${words.migration}.ts`,
    text: `import { phases } from 'online-migration';
import { ColumnMigration } from 'online-migration/mikro-orm';
import { ${words.declaration} } from '../src/${words.folder}/${words.file}-change.ts';

/**
${describe(head)
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
