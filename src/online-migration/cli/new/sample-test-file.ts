import { inTemplate, type NewChange } from './new-change.ts';
import type { WrittenFile } from './written-files.ts';

/** Stands in the test for a table without values. */
const NO_VALUE = 'write an old value here';

/**
 * Writes the test of a conversion that a person completes. It fails until both functions are right for values of the
 * table.
 */
export function sampleTestFile({ table, change, words, sample, setup }: NewChange): WrittenFile {
  const { oldColumn, newColumn } = change;
  const values = sample.length > 0 ? sample : [NO_VALUE];
  return {
    path: `test/${words.folder}/${words.file}-change.test.ts`,
    text: `import { describe, it } from '@jest/globals';
import { ${words.declaration} } from '../../src/${words.folder}/${words.file}-change.ts';
import { expectConverted } from '../support/conversion-sample.ts';

/**
 * Old values of the table as texts, and their new values: write them, and 'reject' for a value that has none. Remove personal
 * data, and add the oddest values that you know.
 */
const SAMPLE: [old: string, added: string | null][] = [
${values.map((value) => `  [${JSON.stringify(value)}, null],`).join('\n')}
];

describe(${JSON.stringify(`${table.name}.${oldColumn.name}, from ${oldColumn.type} to ${newColumn.type},`)}, () => {
  it('converts a sample of its values there and back', async () => {
    await expectConverted(${words.declaration}, SAMPLE, [${setup.map((statement) => `\`${inTemplate(statement)}\``).join(', ')}]);
  });
});
`,
  };
}
