import { expect, it } from '@jest/globals';
import { withOwnSettings } from '../../../src/online-migration/mikro-orm/own-settings.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { connect } from '../../support/database-client.ts';
import { createRole } from '../../support/roles.ts';
import { createTestDatabase } from '../../support/test-server.ts';

const SETTINGS = {
  array_nulls: 'off',
  datestyle: 'SQL, DMY',
  intervalstyle: 'iso_8601',
  standard_conforming_strings: 'off',
  timezone: 'Asia/Kathmandu',
};

it('a session for the statements of a migration reads and writes values as the role is set to', async () => {
  await using database = await createTestDatabase();
  await using admin = await connect(database.url);
  await using role = await createRole(database.url);
  for (const [name, value] of Object.entries(SETTINGS)) {
    await admin.rows(`alter role ${role.name} set ${name} = '${value}'`);
  }
  const open = () => Session.open({ connectionString: role.url }, 'online-migration test');
  await using session = await withOwnSettings(open, undefined);
  const { rows } = await session.query<{ name: string; setting: string }>(
    `select lower(name) as name, setting from pg_settings where lower(name) = any ($1)`,
    [Object.keys(SETTINGS)],
  );
  expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual(SETTINGS);
});
