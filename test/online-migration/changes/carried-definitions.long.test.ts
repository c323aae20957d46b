import { describe, expect, it } from '@jest/globals';
import { changedColumnOf } from '../../support/changed-column.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { readSchema, type SchemaSnapshot, withColumnType } from '../../support/schema-snapshot.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import {
  change,
  CHECKS,
  FOREIGN_KEYS,
  INDEXES,
  OTHERS,
  POLICIES,
  ROWS,
  STATISTICS,
  TABLE,
} from './carried-cases.ts';

const database = databasePerFile(TABLE, ROWS);
const { client } = database;

/** Runs the change to its end and back. */
async function upAndDown(): Promise<{ before: SchemaSnapshot; after: SchemaSnapshot; back: SchemaSnapshot }> {
  const before = await readSchema(client);
  await database.runPhases(change, PHASES.up);
  const after = await readSchema(client);
  await database.runPhases(change, PHASES.down);
  return { before, after: { ...after, package: null }, back: await readSchema(client) };
}

// All of them together: carried-definitions.test.ts.
describe('goes over and comes back alone, with the same definition:', () => {
  it.each([...CHECKS, ...INDEXES, ...FOREIGN_KEYS, ...POLICIES, ...STATISTICS, ...OTHERS])(
    '%s',
    async (attached) => {
      await client.rows(attached);
      const { before, after, back } = await upAndDown();
      const type = { type: 'bigint', default: null };
      expect(after).toEqual(withColumnType(before, changedColumnOf(change), type));
      expect(back).toEqual(before);
    },
  );
});
