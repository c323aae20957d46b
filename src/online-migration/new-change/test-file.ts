import { escapeIdentifier } from 'pg';
import { isRename } from '../change/changed-column.ts';
import { inComment, inTemplate, type NewChange, type NewColumn, titleOf } from './new-change.ts';
import { fillingOf, NUMBERS, TEXT_INSTEAD } from './key-fillings.ts';
import { type TestedColumn, testedColumn } from './test-values.ts';
import type { WrittenFile } from './written-files.ts';

/** Columns that the test adds for its clients. No table is likely to have them. */
const CLIENTS_COLUMNS = { id: 'cycle_id', n: 'cycle_n' };
const ROWS = 1_000;

/**
 * Writes a test that runs the change up and down under load. It creates a table with the key, the changed columns, their
 * indexes and their checks, with the types, extensions and functions that these need. Foreign keys and triggers are left out,
 * because the other tables do not exist, and so are checks that do not hold for the values of the test, and indexes on further
 * columns of the user's own types. A comment in the file names them.
 * @returns null if no values of a renamed column's type are known
 */
export function testFile(subject: NewChange): WrittenFile | null {
  const { table, change, words } = subject;
  const columns = subject.columns.map(testedColumn);
  if (columns.some(({ column, value }) => value === null && !column.facts.isNumbered)) return null;
  const { oldColumn, newColumn } = subject.columns[0].change;
  const title = isRename(change)
    ? `${table.name}.${oldColumn.name}, renamed to ${newColumn.name},`
    : `${titleOf(subject)},`;
  return {
    path: `test/${words.folder}/${words.file}-change.test.ts`,
    text: `import { describe, it } from '@jest/globals';
import { ${words.declaration} } from '../../src/${words.folder}/${words.file}-change.ts';
import { type ChangeCase, expectFullCycle } from '../support/change-cycle.ts';

${untestedParts(subject)}const CASE: ChangeCase = {
  change: ${words.declaration},
  columns: ${JSON.stringify(CLIENTS_COLUMNS)},
  ${valuesOf(columns)}
  setup: [
${setupOf(subject, columns)
  .map((statement) => `    ${asTemplate(statement)},`)
  .join('\n')}
  ],
};

describe(${JSON.stringify(title)}, () => {
  it('goes up, half-way back, up and all the way down while clients read and write it', async () => {
    await expectFullCycle(CASE);
  });
});
`,
  };
}

/** The values that the clients of the test write. */
function valuesOf(columns: readonly TestedColumn[]): string {
  const written = columns.flatMap(({ column, value }) =>
    value === null
      ? []
      : [
          {
            name: column.facts.name,
            pair: `{ old: (n) => ${valueTemplate(value.old)}, new: (n) => ${valueTemplate(value.new)} }`,
          },
        ],
  );
  const [first] = written;
  if (first === undefined) return '';
  if (columns.length === 1) return `value: ${first.pair},`;
  return `values: { ${written.map(({ name, pair }) => `${JSON.stringify(name)}: ${pair}`).join(', ')} },`;
}

/** A comment on the parts of the table that the test leaves out. */
function untestedParts({ untested, columns }: NewChange): string {
  if (untested.length === 0) return '';
  return `/**
 * The table of the test has the key, ${columns.length === 1 ? 'the column, its' : 'the changed columns, their'} indexes and checks. It does not have:
${untested.map((part) => ` * - ${inComment(part.replaceAll(/\s+/g, ' '))}`).join('\n')}
 */
`;
}

function setupOf({ table, setup, checks }: NewChange, tested: readonly TestedColumn[]): string[] {
  const name = `${escapeIdentifier(table.schema)}.${escapeIdentifier(table.name)}`;
  const needed = new Set(table.key);
  const isChanged = (other: string) => tested.some(({ column }) => column.facts.name === other);
  const isOwnType = new Map(table.columns.map((column) => [column.name, fillingOf(column) !== null]));
  const indexes = table.indexes.filter(
    ({ columns, keyColumns }) =>
      isKey(keyColumns, table.key) ||
      (columns.some(isChanged) && columns.every((column) => isChanged(column) || isOwnType.get(column))),
  );
  for (const { columns } of [...indexes, ...checks]) for (const column of columns) needed.add(column);
  const others = table.columns.filter((column) => !isChanged(column.name));
  const columns = [
    ...others
      .filter((column) => needed.has(column.name))
      .map((column) => `${escapeIdentifier(column.name)} ${fillingOf(column) ?? TEXT_INSTEAD}`),
    ...tested.map(({ column }) => oldDeclaration(column)),
    `${CLIENTS_COLUMNS.id} bigint generated always as identity unique`,
    `${CLIENTS_COLUMNS.n} bigint not null default 0`,
  ];
  // A numbered column has its own values.
  const written = tested.flatMap(({ column, value }) =>
    value === null
      ? []
      : [{ name: escapeIdentifier(column.facts.name), sql: value.old.replaceAll('${n}', 'n') }],
  );
  const names = [CLIENTS_COLUMNS.n, ...written.map(({ name: column }) => column)].join(', ');
  const values = ['n', ...written.map(({ sql }) => sql)].join(', ');
  return [
    ...(table.schema === 'public' ? [] : [`create schema ${escapeIdentifier(table.schema)}`]),
    ...setup,
    ...(columns.some((column) => column.includes(NUMBERS)) ? [`create sequence ${NUMBERS}`] : []),
    `create table ${name} (${columns.join(', ')})`,
    ...indexes.map(({ statement }) => statement),
    ...checks.map(({ statement }) => statement),
    `insert into ${name} (${names}) select ${values} from generate_series(1, ${ROWS}) as n`,
  ];
}

function oldDeclaration({ facts, change: { oldColumn } }: NewColumn): string {
  const clause = facts.isNumbered
    ? ' generated by default as identity'
    : `${facts.notNull ? ' not null' : ''}${facts.default === null ? '' : ` default ${facts.default}`}`;
  return `${escapeIdentifier(facts.name)} ${oldColumn.type}${clause}`;
}

function isKey(columns: readonly string[], key: readonly string[]): boolean {
  return columns.length === key.length && columns.every((column) => key.includes(column));
}

function asTemplate(statement: string): string {
  return `\`${inTemplate(statement)}\``;
}

/** SQL as a template literal: it inserts only the number, and leaves everything else unchanged. */
function valueTemplate(sql: string): string {
  return `\`${sql.split('${n}').map(inTemplate).join('${n}')}\``;
}
