import { describe, expect, it } from '@jest/globals';
import { resolveDatabase } from '../../src/database/resolve-database.ts';
import { createDataFolder } from './data-folder.ts';

describe('resolveDatabase', () => {
  it.each([
    ['postgresql://app:s3cret@db.example:5432/app', 'postgresql://app@db.example:5432/app'],
    ['postgresql://app@db.example/app?password=s3cret&sslpassword=s3cret', 'postgresql://app@db.example/app'],
    ['postgresql:///app?user=app&password=s3cret#s3cret', 'postgresql:///app'],
    ['postgres://app:s3cr%40t@127.0.0.1/app', 'postgres://app@127.0.0.1/app'],
  ])('takes DATABASE_URL %s and hides the password', async (url, printed) => {
    expect(await resolveDatabase({ databaseUrl: url })).toEqual({
      url,
      servers: { requests: [url] },
      description: `Database: ${printed} (DATABASE_URL)`,
    });
  });

  it('uses DATABASE_DIRECT_URL for everything except requests', async () => {
    const databaseUrl = 'postgresql://app:s3cret@pooler.example:6432/app';
    const databaseDirectUrl = 'postgresql://app:s3cret@db.example:5432/app';
    expect(await resolveDatabase({ databaseUrl, databaseDirectUrl })).toEqual({
      url: databaseDirectUrl,
      servers: { requests: [databaseUrl], sessions: [databaseDirectUrl] },
      description:
        'Database: postgresql://app@db.example:5432/app (DATABASE_DIRECT_URL), ' +
        'for requests postgresql://app@pooler.example:6432/app (DATABASE_URL)',
    });
  });

  it('starts the embedded PostgreSQL if there is none, and hides the password', async () => {
    await using data = await createDataFolder();
    const { url, description } = await resolveDatabase({}, data.path);
    const { port, password } = new URL(url);
    expect(password).toMatch(/^[0-9a-f]{48}$/);
    expect(description).toContain(`Database: postgresql://postgres@127.0.0.1:${port}/postgres (embedded, `);
    expect(description).not.toContain(password);
  });
});
