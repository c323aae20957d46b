import { inComment, type NewChange, type NewColumn } from './new-change.ts';
import type { WrittenFile } from './written-files.ts';

/** The file with the declared change. */
export function declarationFile({ table, change, columns, words }: NewChange): WrittenFile {
  const { name, key, renameInContract } = change;
  const declared = {
    ...(name === undefined ? {} : { name }),
    table: { schema: table.schema, name: table.name },
    key,
    columns: columns.map(({ change: { oldColumn, newColumn, nullable }, conversion }, place) => ({
      from: oldColumn,
      to: newColumn,
      ...(conversion === null ? {} : { conversion: placeOf(place) }),
      ...(nullable ? { nullable } : {}),
    })),
    ...(renameInContract ? { renameInContract } : {}),
  };
  const literal = columns.reduce(
    (text, { conversion }, place) =>
      text.replace(
        JSON.stringify(placeOf(place)),
        // A function, because a `$` in a replacement text would have a meaning.
        () => conversion?.expression ?? '',
      ),
    JSON.stringify(declared, null, 2),
  );
  return {
    path: `src/${words.folder}/${words.file}-change.ts`,
    text: `import type { ColumnChange } from 'online-migration';
${importsOf(columns)}
${commentOn(table.name, columns)}
export const ${words.declaration}: ColumnChange = ${literal};
`,
  };
}

/** Stands in the literal for the expression of a conversion, until the file is complete. */
function placeOf(column: number): string {
  return `<conversion ${column}>`;
}

/** The conversions of all columns: one line for each module. */
function importsOf(columns: readonly NewColumn[]): string {
  const modules = new Map<string, Set<string>>();
  for (const { conversion } of columns) {
    if (conversion === null) continue;
    const module = conversion.module ?? 'online-migration/conversions';
    const names = modules.get(module) ?? new Set();
    for (const name of conversion.imports) names.add(name);
    modules.set(module, names);
  }
  return [...modules]
    .map(([module, names]) => `import { ${[...names].join(', ')} } from '${module}';\n`)
    .join('');
}

function commentOn(table: string, columns: NewChange['columns']): string {
  const [first, ...others] = columns;
  if (others.length === 0) {
    return `/** ${inComment(`The column change of \`${table}.${first.facts.name}\`, ${purposeOf(first)}.`)} */`;
  }
  const lines = columns.map(
    (column) => ` * - \`${inComment(`${column.facts.name}\`, ${purposeOf(column)}`)}\n`,
  );
  return `/**\n * ${inComment(`The change of ${columns.length} columns of \`${table}\`, which share the phases:`)}\n${lines.join('')} */`;
}

function purposeOf({ change: { oldColumn, newColumn }, conversion }: NewColumn): string {
  return conversion === null
    ? `a rename to ${newColumn.name}`
    : `from ${oldColumn.type} to ${newColumn.type}`;
}
