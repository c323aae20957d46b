import type { IMigrationGenerator } from '@mikro-orm/core';
import { escapeIdentifier } from 'pg';
import type { CodeForm } from '../../new-change/code-form.ts';
import { codeIn, type CodeParts } from '../../new-change/code-in.ts';
import type { MigrationNames } from '../../new-change/migration-names.ts';
import { inComment, inTemplate } from '../../new-change/new-change.ts';
import { asSql } from '../../new-change/sql-name.ts';
import { loadSqlParser } from '../../sql/sql-parser.ts';
import { readStatements } from '../../sql/statements.ts';
import type { WrittenFile } from '../../new-change/written-files.ts';
import type { Decided, FilledValue, FillToWrite } from './decisions/decided.ts';
import { tableName } from './schemas/table-place.ts';

/** The parts of a project that its further migrations depend on. */
export interface MigrationForm {
  readonly form: CodeForm;
  readonly generator: IMigrationGenerator;
  /** The schema of tables without one. */
  readonly defaultSchema: string;
}

/**
 * The files of the migrations that fill columns, make them required, and drop. All but the first are written by the project's own generator.
 * @param place of the first file among the new migrations
 */
export async function furtherFiles(
  { form, generator, defaultSchema }: MigrationForm,
  migrations: MigrationNames,
  place: number,
  { fills, drops }: Pick<Decided, 'fills' | 'drops'>,
): Promise<WrittenFile[]> {
  const files: WrittenFile[] = [];
  const add = async (
    words: string,
    header: readonly string[],
    writeText: (name: string, code: CodeParts) => string | Promise<string>,
  ) => {
    const path = `${migrations.folder}/${migrations.fileOf(place + files.length, words)}.${form.ending}`;
    const code = codeIn(form.syntaxOf(path));
    files.push({ path, text: withHeader(await writeText(classOf(words), code), header) });
  };
  for (const fill of fills) {
    await add(wordsFor('fill', fill), fillHeader(fill), (name, code) =>
      fillText(name, fill, defaultSchema, code),
    );
  }
  for (const fill of fills.filter(({ isRequired }) => isRequired)) {
    const alter = `alter table ${tableName(fill, defaultSchema)} alter column ${escapeIdentifier(fill.column)}`;
    const diff = { up: [`${alter} set not null;`], down: [`${alter} drop not null;`] };
    await add(wordsFor('require', fill), requireHeader(fill), (name) =>
      generator.generateMigrationFile(name, diff),
    );
  }
  if (drops.up !== '') {
    const diff = { up: await statementsOf(drops.up), down: await statementsOf(drops.down) };
    await add(dropWords(drops.up), DROP_HEADER, (name) => generator.generateMigrationFile(name, diff));
  }
  return files;
}

/** The statements of a text. A text in quotes or the body of a function may have a semicolon at the end of a line. */
async function statementsOf(sql: string): Promise<string[]> {
  return readStatements(await loadSqlParser(), sql).map(({ text }) => `${text};`);
}

/** `drop_orders_legacy_score` */
function dropWords(up: string): string {
  const [table = 'column'] = /\btable (?:if exists )?(?:"[^"]+"\.)?"[^"]+"/.exec(up) ?? [];
  const column = /\bdrop column "([^"]+)"/.exec(up)?.[1];
  const name = /"([^"]+)"$/.exec(table)?.[1] ?? 'objects';
  return ['drop', name, ...(column === undefined ? [] : [column])].map(asWord).join('_');
}

function asWord(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9]+/g, '_').toLowerCase();
}

function wordsFor(verb: 'fill' | 'require', { table, column }: FillToWrite): string {
  return [verb, table, column].map(asWord).join('_');
}

/** `FillOrdersExtra` */
function classOf(words: string): string {
  return words
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

/** A name that a property has without quotes. */
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

function fillText(className: string, fill: FillToWrite, defaultSchema: string, code: CodeParts): string {
  const method = (name: string, value: FilledValue | undefined) =>
    `${code.overriding}async ${name}()${code.typed(': Promise<void>')} {${value === undefined ? '' : fillCall(fill, value, defaultSchema)}}`;
  return `${code.first}${code.imports(['OnlineMigration'], 'online-migration/mikro-orm')}
${code.exporting}class ${className} extends OnlineMigration {
  ${method('up', fill)}

  ${method('down', fill.back)}
}
${code.exports(className)}`;
}

function fillCall(
  { schema, table, column }: FillToWrite,
  { value, where }: FilledValue,
  defaultSchema: string,
): string {
  const property = IDENTIFIER.test(column) ? column : quoted(column);
  return `
    await this.fill({
      table: ${quoted(table)},${schema === defaultSchema ? '' : `\n      schema: ${quoted(schema)},`}
      set: { ${property}: \`${inTemplate(value)}\` },
      where: \`${inTemplate(where)}\`,
    });
  `;
}

/** A text as TypeScript. */
function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

function fillHeader({ table, column, value, where, isRequired, back }: FillToWrite): string[] {
  return [
    `Fill: gives \`${column}\` a value, in batches.`,
    '',
    `    update ${asSql(table)} set ${asSql(column)} = ${value} where ${where}`,
    '',
    'Lock: ROW EXCLUSIVE and the row locks of one batch of about 75 ms. If interrupted, `migration:up` continues it.',
    isRequired
      ? `Compatible application versions: all. Run it when every process writes \`${column}\`; a row that an older one adds later stays without a value.`
      : 'Compatible application versions: those that read both labels. Run it when every process writes the new one.',
    back === undefined
      ? 'Undo: nothing to undo; `migration:down` keeps the values.'
      : `Undo: \`migration:down\` sets ${asSql(column)} = ${back.value} where ${back.where}, in batches.`,
  ];
}

function requireHeader({ table, column }: FillToWrite): string[] {
  return [
    `Require: sets \`${column}\` NOT NULL.`,
    '',
    `    alter table ${asSql(table)} add constraint … check (${asSql(column)} is not null) not valid`,
    `    alter table ${asSql(table)} validate constraint …`,
    `    alter table ${asSql(table)} alter column ${asSql(column)} set not null     (the check proves it: no scan)`,
    '',
    'Lock: ACCESS EXCLUSIVE for milliseconds at any table size (catalog changes only). In between, SHARE UPDATE EXCLUSIVE while the',
    'check reads the table; it does not block reads or writes.',
    `Compatible application versions: those that write \`${column}\`.`,
    'Undo: `migration:down` drops NOT NULL, under the same lock.',
  ];
}

const DROP_HEADER = [
  'Drop: removes the columns and tables that the entities no longer have. Their values are lost.',
  '',
  'Lock: ACCESS EXCLUSIVE for milliseconds at any table size (catalog changes only).',
  'Compatible application versions: those without them. Run it when no process runs an older release.',
  'Undo: `migration:down` adds them again, without their values.',
];

/** Puts a comment above the class. */
function withHeader(text: string, lines: readonly string[]): string {
  const comment = lines.map((line) => (line === '' ? ' *' : ` * ${inComment(line)}`)).join('\n');
  return text.replace(/^(?:export )?class /m, (found) => `/**\n${comment}\n */\n${found}`);
}
