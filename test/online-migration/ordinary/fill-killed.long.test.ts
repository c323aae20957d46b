import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { startNode } from '../../support/command-line.ts';
import { SEED, seededRandom } from '../../support/seeded-random.ts';
import { countTo } from '../../support/slow-updates.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const ROOT = join(import.meta.dirname, '../../..');
const ROWS = 60_000;
const KILLS = 12;
/** The longest time between the begin of the fill and a kill. A whole fill takes longer. */
const LONGEST_MS = 400;

jest.setTimeout(600_000);

const database = databasePerTest(
  `create table orders (
    tenant int, uid uuid, total numeric(10, 2) not null, touched int not null default 0, primary key (tenant, uid)
  ) partition by hash (tenant)`,
  `create table orders_0 partition of orders for values with (modulus 2, remainder 0)`,
  `create table orders_1 partition of orders for values with (modulus 2, remainder 1)`,
  `insert into orders select n % 100, gen_random_uuid(), n / 100.0 from generate_series(1, ${ROWS}) n`,
  `create function touch() returns trigger language plpgsql as
    $$ begin ${countTo(2_000)} new.touched := new.touched + 1; return new; end $$`,
  `create trigger touch before update on orders for each row execute function touch()`,
  `analyze`,
);

/** A project whose fill takes some seconds. */
const CONFIG = `
  import { PostgreSqlDriver } from '${ROOT}/node_modules/@mikro-orm/postgresql/index.js';
  import { OnlineMigration, onlineMigrations } from '${ROOT}/src/online-migration/mikro-orm/index.ts';

  class Cents extends OnlineMigration {
    async up() {
      this.addSql('alter table orders add cents bigint null');
      await this.fill({ table: 'orders', set: { cents: 'round(total * 100)' }, where: 'cents is null' });
      this.addSql('alter table orders alter cents set not null');
    }
  }
  export default {
    clientUrl: process.env.DATABASE_URL,
    driver: PostgreSqlDriver,
    entities: [],
    discovery: { warnWhenNoEntities: false },
    ...onlineMigrations({
      migrations: { migrationsList: [{ name: '0001_cents', class: Cents }] },
      settings: { backfill: { batchMs: 4, workers: 2 } },
    }),
  };`;

describe('a fill whose process is killed', () => {
  it('at any moment, is finished by the same command, and fills each row once', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'fill-'));
    const config = join(folder.path, 'mikro-orm.config.ts');
    await writeFile(config, CONFIG);
    await writeFile(join(folder.path, 'package.json'), '{ "type": "module" }');
    const up = () =>
      startNode(['node_modules/@mikro-orm/cli/cli.js', 'migration:up'], {
        DATABASE_URL: database.url,
        MIKRO_ORM_CLI_CONFIG: config,
      });
    const random = seededRandom(SEED);
    const filled = async () =>
      Number(
        (
          await database.client.rows<{ count: string }>(`select count(*) from orders where cents is not null`)
        )[0]!.count,
      );
    let kills = 0;
    let before = 0;
    for (; kills < KILLS; kills++) {
      const command = up();
      const began = await command.printed(/backfill: [\d,]+ of/).then(
        () => true,
        () => false,
      );
      if (!began) break;
      await delay(random() * LONGEST_MS);
      command.process.kill('SIGKILL');
      await command.exitCode;
      const now = await filled();
      expect(now).toBeGreaterThanOrEqual(before);
      before = now;
      if (now === ROWS) break;
    }
    console.log(`${kills} kills, ${before} rows filled at the last one`);
    const last = up();
    expect(await last.exitCode).toBe(0);
    expect(
      await database.client.rows(
        `select count(*)::int as rows, min(touched) as fewest, max(touched) as most from orders where cents = round(total * 100)`,
      ),
    ).toEqual([{ rows: ROWS, fewest: 1, most: 1 }]);
    expect(await database.client.rows(`select from pg_namespace where nspname = 'online_migration'`)).toEqual(
      [],
    );
    expect(await database.client.value(`select count(*)::int from mikro_orm_migrations`)).toBe(1);
    expect(kills).toBeGreaterThan(3);
  });
});
