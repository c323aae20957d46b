import type { CodeForm } from './code-form.ts';
import { codeIn, type CodeParts } from './code-in.ts';
import { inComment, type NewChange, type NewColumn } from './new-change.ts';
import { typeAlias } from './type-alias.ts';
import type { WrittenFile } from './written-files.ts';

/** The path of the file with the declared change. */
export function declarationPath({ words }: Pick<NewChange, 'words'>, { ending }: CodeForm): string {
  return `src/${words.folder}/${words.file}-change.${ending}`;
}

/** The file with the declared change. */
export function declarationFile(subject: NewChange, form: CodeForm): WrittenFile {
  const { table, change, columns, words } = subject;
  const path = declarationPath(subject, form);
  const code = codeIn(form.syntaxOf(path));
  const { name, key, renameInContract } = change;
  return {
    path,
    text: `${code.first}${code.typed(`import type { ColumnChange } from 'online-migration';\n`)}${importsOf(columns, form, code)}
${commentOn(table.name, columns, code)}
${code.exporting}const ${words.declaration}${code.typed(': ColumnChange')} = {
${name === undefined ? '' : `  name: ${JSON.stringify(name)},\n`}  table: ${inOneLine({ schema: table.schema, name: table.name })},
  key: ${typeof key === 'string' ? JSON.stringify(key) : `[${key.map((part) => JSON.stringify(part)).join(', ')}]`},
  columns: [
${columns.map(pairOf).join('')}  ],
${renameInContract ? '  renameInContract: true,\n' : ''}};
${code.exports(words.declaration)}`,
  };
}

/** The declaration of one column. */
function pairOf({ change: { oldColumn, newColumn, nullable }, conversion }: NewColumn): string {
  return `    {
      from: ${inOneLine({ ...oldColumn, type: typeAlias(oldColumn.type) })},
      to: ${inOneLine({ ...newColumn, type: typeAlias(newColumn.type) })},
${conversion === null ? '' : `      conversion: ${conversion.expression},\n`}${nullable ? '      nullable: true,\n' : ''}    },
`;
}

/** The formatter keeps it in one line if it is short enough. */
function inOneLine(properties: object): string {
  return `{ ${Object.entries(properties)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    .join(', ')} }`;
}

/** The conversions of all columns: one line for each module. */
function importsOf(columns: readonly NewColumn[], form: CodeForm, code: CodeParts): string {
  const modules = new Map<string, Set<string>>();
  for (const { conversion } of columns) {
    if (conversion === null) continue;
    const module =
      conversion.module === undefined ? 'online-migration/conversions' : conversion.module + form.imported;
    const names = modules.get(module) ?? new Set();
    for (const name of conversion.imports) names.add(name);
    modules.set(module, names);
  }
  return [...modules].map(([module, names]) => code.imports([...names], module)).join('');
}

function commentOn(table: string, columns: NewChange['columns'], code: CodeParts): string {
  const [first, ...others] = columns;
  const type = code.typeComment("import('online-migration').ColumnChange").map((line) => ` * ${line}\n`);
  if (others.length === 0) {
    const text = inComment(`The column change of \`${table}.${first.facts.name}\`, ${purposeOf(first)}.`);
    return code.isTyped ? `/** ${text} */` : `/**\n * ${text}\n${type.join('')} */`;
  }
  const lines = columns.map(
    (column) => ` * - \`${inComment(`${column.facts.name}\`, ${purposeOf(column)}`)}\n`,
  );
  return `/**\n * ${inComment(`The change of ${columns.length} columns of \`${table}\`, which share the phases:`)}\n${[...lines, ...type].join('')} */`;
}

function purposeOf({ change: { oldColumn, newColumn }, conversion }: NewColumn): string {
  return conversion === null
    ? `a rename to ${newColumn.name}`
    : `from ${typeAlias(oldColumn.type)} to ${typeAlias(newColumn.type)}`;
}
