import { inTemplate, type NewChange } from './new-change.ts';
import { type OwnConversion, ownConversionsOf } from './own-conversions.ts';
import { typeAlias } from './type-alias.ts';
import type { WrittenFile } from './written-files.ts';

/** Stands in the test for a table without values. */
const NO_VALUE = 'write an old value here';

/**
 * Writes the test of the conversions that a person completes. It fails until all functions are right for values of the
 * table.
 */
export function sampleTestFile(subject: NewChange): WrittenFile {
  const { words } = subject;
  const samples = ownConversionsOf(subject).map((own, place) => sampleOf(subject, own, place));
  return {
    path: `test/${words.folder}/${words.file}-change.test.ts`,
    text: `import { describe, it } from '@jest/globals';
import { ${words.declaration} } from '../../src/${words.folder}/${words.file}-change.ts';
import { expectConverted } from '../support/conversion-sample.ts';

/**
 * Old values of the table as texts, and their new values: write them, and 'reject' for a value that has none. Remove personal
 * data, and add the oddest values that you know.
 */
${samples.map(({ constant }) => constant).join('\n')}
${samples.map(({ test }) => test).join('\n')}`,
  };
}

/** The values of one conversion, and their test. */
function sampleOf(
  { table, columns: all, words, setup }: NewChange,
  { columns }: OwnConversion,
  place: number,
): { readonly constant: string; readonly test: string } {
  const { oldColumn, newColumn } = columns[0].change;
  const found = [...new Set(columns.flatMap(({ sample }) => sample))];
  const values = found.length > 0 ? found : [NO_VALUE];
  const name = place === 0 ? 'SAMPLE' : `SAMPLE_${place + 1}`;
  const column = all.length === 1 ? '' : `, ${JSON.stringify(oldColumn.name)}`;
  const statements = setup.map((statement) => `\`${inTemplate(statement)}\``).join(', ');
  return {
    constant: `const ${name}: [old: string, added: string | null][] = [
${values.map((value) => `  [${JSON.stringify(value)}, null],`).join('\n')}
];
`,
    test: `describe(${JSON.stringify(`${table.name}.${oldColumn.name}, from ${typeAlias(oldColumn.type)} to ${typeAlias(newColumn.type)},`)}, () => {
  it('converts a sample of its values there and back', async () => {
    await expectConverted(${words.declaration}, ${name}, [${statements}]${column});
  });
});
`,
  };
}
