import type { WrittenFile } from './written-files.ts';
import { inComment, type NewChange } from './new-change.ts';

/** Stands in the literal for the expression of the conversion, until the file is complete. */
const CONVERSION_PLACE = '<conversion>';

/** The file with the declared change. */
export function declarationFile({ table, change, conversion, words }: NewChange): WrittenFile {
  const { name, oldColumn, newColumn, key, nullable } = change;
  const declared = {
    ...(name === undefined ? {} : { name }),
    table: { schema: table.schema, name: table.name },
    key,
    columns: [
      {
        from: oldColumn,
        to: newColumn,
        conversion: CONVERSION_PLACE,
        ...(nullable ? { nullable } : {}),
      },
    ],
  };
  const literal = JSON.stringify(declared, null, 2).replace(
    JSON.stringify(CONVERSION_PLACE),
    // A function, because a `$` in a replacement text would have a meaning.
    () => conversion.expression,
  );
  return {
    path: `src/${words.folder}/${words.file}-change.ts`,
    text: `import type { ColumnChange } from 'online-migration';
import { ${conversion.imports.join(', ')} } from '${conversion.module ?? 'online-migration/conversions'}';

/** ${inComment(`The column change of \`${table.name}.${oldColumn.name}\`, from ${oldColumn.type} to ${newColumn.type}.`)} */
export const ${words.declaration}: ColumnChange = ${literal};
`,
  };
}
