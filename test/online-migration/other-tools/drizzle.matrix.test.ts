import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from '@jest/globals';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator';
import { Pool } from 'pg';
import { expectWholeCycle, LIMIT_MS } from './tool-cycle.ts';

it(
  'a project with Drizzle carries a change out and back under load',
  () =>
    expectWholeCycle({
      file: 'src/orders-drizzle.ts',
      ledger: 'drizzle.__drizzle_migrations',
      async migrate(url, migrations) {
        // As `drizzle-kit generate` writes it.
        await using folder = await mkdtempDisposable(join(tmpdir(), 'drizzle-'));
        await mkdir(join(folder.path, 'meta'));
        const entries = migrations.map(({ name }, index) => ({
          idx: index,
          version: '7',
          when: index + 1,
          tag: name,
          breakpoints: true,
        }));
        const journal = { version: '7', dialect: 'postgresql', entries };
        await writeFile(join(folder.path, 'meta/_journal.json'), JSON.stringify(journal));
        for (const { name, sql } of migrations) await writeFile(join(folder.path, `${name}.sql`), sql);
        const pool = new Pool({ connectionString: url });
        try {
          await runMigrations(drizzle({ client: pool }), { migrationsFolder: folder.path });
        } finally {
          await pool.end();
        }
      },
    }),
  LIMIT_MS,
);
