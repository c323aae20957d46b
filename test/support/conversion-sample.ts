import { expect } from '@jest/globals';
import { changedColumnsOf } from '../../src/online-migration/change/changed-column.ts';
import type { ColumnChange } from '../../src/online-migration/change/column-change.ts';
import { faithfulConversion } from '../../src/online-migration/sync/faithful-conversion.ts';
import { connect } from './database-client.ts';
import { createTestDatabase } from './test-server.ts';

/** An old value that has no equal new one. */
const REJECT = 'reject';

/**
 * Expects old values to convert to the new ones, and the new ones to convert back.
 *
 * @param sample old values as texts, and the texts of their new values; null for a value that nobody has written yet, which
 *   fails
 * @param setup statements that create the types
 * @param column the old column, if the change has several
 */
export async function expectConverted(
  declared: ColumnChange,
  sample: readonly (readonly [old: string, added: string | null])[],
  setup: readonly string[] = [],
  column?: string,
): Promise<void> {
  await using database = await createTestDatabase();
  await using client = await connect(database.url);
  for (const statement of setup) await client.rows(statement);
  const columns = changedColumnsOf(declared);
  const change = columns.find(({ oldColumn }) => oldColumn.name === column) ?? columns[0];
  const { forward, backward } = await faithfulConversion(client, change);
  const back = backward === undefined ? 'text' : `(${backward(`(${forward('value')})`)})::text`;
  const converted = await client.rows<{ old: string; added: string | null; back: string | null }>(
    `select text as old, coalesce((${forward('value')})::text, '${REJECT}') as added, ${back} as back
    from (select text, text::${change.oldColumn.type} as value from unnest($1::text[]) with ordinality as given (text, n) order by n) as sample`,
    [sample.map(([old]) => old)],
  );
  expect(converted.map(({ old, added }) => [old, added])).toEqual(sample);
  const notRejected = converted.filter(({ added }) => added !== REJECT);
  expect(notRejected.map(({ added, back: text }) => [added, text])).toEqual(
    notRejected.map(({ added, old }) => [added, old]),
  );
}
