import { describe, expect, it } from '@jest/globals';
import { readToldSettings } from '../../../src/showcase/bench/told-settings.ts';
import { connect } from '../../../src/showcase/harness/connection.ts';
import { SETTINGS } from '../../../src/showcase/harness/server.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile();

describe('the settings in the reports of the benchmarks', () => {
  it('include all that the server of a benchmark sets', async () => {
    await using connection = await connect(database.url);
    const told = await readToldSettings(connection);
    expect(Object.keys(told)).toEqual(expect.arrayContaining(Object.keys(SETTINGS)));
    expect(told['min_wal_size']).toMatch(/^\d+[MG]B$/);
  });
});
