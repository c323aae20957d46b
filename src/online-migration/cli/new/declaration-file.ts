import type { WrittenFile } from './written-files.ts';
import { inComment, type NewChange } from './new-change.ts';

/** Stands in the literal for the expression of the conversion, until the file is complete. */
const CONVERSION_PLACE = '<conversion>';

/** The file with the declared change. */
export function declarationFile({ table, change, conversion, words }: NewChange): WrittenFile {
  const { name, oldColumn, newColumn, key, nullable, renameInContract } = change;
  const purpose =
    conversion === null ? `a rename to ${newColumn.name}` : `from ${oldColumn.type} to ${newColumn.type}`;
  const declared = {
    ...(name === undefined ? {} : { name }),
    table: { schema: table.schema, name: table.name },
    key,
    columns: [
      {
        from: oldColumn,
        to: newColumn,
        ...(conversion === null ? {} : { conversion: CONVERSION_PLACE }),
        ...(nullable ? { nullable } : {}),
      },
    ],
    ...(renameInContract ? { renameInContract } : {}),
  };
  const literal = JSON.stringify(declared, null, 2).replace(
    JSON.stringify(CONVERSION_PLACE),
    // A function, because a `$` in a replacement text would have a meaning.
    () => conversion?.expression ?? '',
  );
  return {
    path: `src/${words.folder}/${words.file}-change.ts`,
    text: `import type { ColumnChange } from 'online-migration';
${conversion === null ? '' : `import { ${conversion.imports.join(', ')} } from '${conversion.module ?? 'online-migration/conversions'}';\n`}
/** ${inComment(`The column change of \`${table.name}.${oldColumn.name}\`, ${purpose}.`)} */
export const ${words.declaration}: ColumnChange = ${literal};
`,
  };
}
