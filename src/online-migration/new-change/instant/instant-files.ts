import { type CodeForm } from '../code-form.ts';
import { codeIn } from '../code-in.ts';
import { inComment, inSentence, inTemplate, migrationPath } from '../new-change.ts';
import type { WrittenFile } from '../written-files.ts';
import type { InstantChange } from './instant-change.ts';
import { asBlock, asScript, type Direction, directionsOf, LARGEST_REWRITE_MB } from './instant-sql.ts';

/** The migration of a change that is made at once, for MikroORM. */
export function instantMigration(instant: InstantChange, form: CodeForm): WrittenFile {
  const { plan } = instant;
  const { up, down } = directionsOf(instant);
  const header = headerOf(instant, '`migration:down`');
  const path = `${migrationPath(plan, 0, 'alter')}.${form.ending}`;
  const code = codeIn(form.syntaxOf(path));
  const name = `Alter${plan.words.pascal}`;
  return {
    path,
    text: `${code.first}${code.imports(['Migration'], '@mikro-orm/migrations')}
/**
${header.map((line) => (line === '' ? ' *' : ` * ${inComment(line)}`)).join('\n')}
 */
${code.exporting}class ${name} extends Migration {
  /** \`analyze\` must not run while the lock is held. */
  ${code.overriding}isTransactional()${code.typed(': boolean')} {
    return false;
  }

  ${code.overriding}up()${code.typed(': void')} {
${addSql(up)}
  }

  ${code.overriding}down()${code.typed(': void')} {
${addSql(down)}
  }
}
${code.exports(name)}`,
  };
}

function addSql(direction: Direction): string {
  const block = asBlock(direction).replaceAll('\n', '\n      ');
  return `    this.addSql(\`
      ${inTemplate(block)}\`);
    this.addSql(\`${inTemplate(direction.analyze)}\`);`;
}

/** The scripts of a change that is made at once, for a project without MikroORM: one for each direction. */
export function instantScripts(instant: InstantChange): WrittenFile[] {
  const { plan } = instant;
  const name = migrationPath(plan, 0, 'alter');
  const { up, down } = directionsOf(instant);
  const header = headerOf(instant, `${name}.down.sql`).map(asComment).join('');
  const undo = undoOf(instant, 'This script').map(asComment).join('');
  return [
    { path: `${name}.up.sql`, text: `${header}\n${asScript(up)}` },
    { path: `${name}.down.sql`, text: `${undo}\n${asScript(down)}` },
  ];
}

function asComment(line: string): string {
  return line === '' ? '--\n' : `-- ${line.replaceAll(/[\r\n]/g, ' ')}\n`;
}

function headerOf(instant: InstantChange, undo: string): string[] {
  const { zone, columns } = instant;
  const { up } = directionsOf(instant);
  const { newColumn } = columns[0].planned.change;
  const names = inSentence(columns.map(({ planned }) => `\`${planned.facts.name}\``));
  const zoned = columns.filter(({ hasZone }) => hasZone).map(({ planned }) => `\`${planned.facts.name}\``);
  return [
    `Alter: gives ${names} the type ${newColumn.type}. PostgreSQL neither reads nor rewrites the table.`,
    ``,
    ...[up.alter, ...up.restored, up.analyze].map((statement) => `    ${statement}`),
    ``,
    `Lock: ACCESS EXCLUSIVE for milliseconds at any table size (catalog changes only), with a lock timeout of 100 ms.`,
    `If it fails with that timeout, nothing was changed: run it again.`,
    ...(up.restored.length === 0
      ? []
      : [
          `PostgreSQL resets the storage and the compression of ${names}, so they are set again in the same transaction.`,
        ]),
    `\`analyze\` collects the statistics of ${names} again, which PostgreSQL drops. It does not block reads or writes.`,
    ...(zone === null
      ? []
      : [
          `The values are taken as ${zone}. A session in another time zone reads and writes ${inSentence(zoned)} in its own: check`,
          `\`show timezone\` of the application before.`,
        ]),
    `Compatible application versions: all that read and write both types. A named prepared statement that returns the`,
    `${columns.length === 1 ? 'column' : 'columns'} fails once.`,
    ...undoOf(instant, undo).map((line, index) => (index === 0 ? `Undo: ${line}` : line)),
  ];
}

function undoOf({ isDownInstant, columns }: InstantChange, undo: string): string[] {
  const { newColumn } = columns[0].planned.change;
  const types = inSentence([...new Set(columns.map(({ planned }) => planned.facts.type))]);
  const rewritten = columns
    .filter((column) => !column.isDownInstant)
    .map(({ planned }) => planned.facts.type);
  if (isDownInstant) return [`${undo} restores ${types}, at once and under the same lock.`];
  return [
    `${undo} restores ${types}. PostgreSQL rewrites the table for it under ACCESS EXCLUSIVE, because`,
    `not every ${newColumn.type} is a ${inSentence([...new Set(rewritten)])}. So it refuses a table of more than ${LARGEST_REWRITE_MB} MB, and values that would change.`,
  ];
}
