import { describe, expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import type { Obstacle } from '../../../src/online-migration/change/obstacle.ts';
import { OnlineMigrationError } from '../../../src/online-migration/change/online-migration-error.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { SERVER_MAJOR } from '../../support/server-major.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { ATTACHED } from './obstacles/attached.ts';
import { NEWER } from './obstacles/newer.ts';
import { changeOfPart } from './obstacles/obstacle.ts';
import { OF_BODIES } from './obstacles/of-bodies.ts';
import { OF_DEFAULTS } from './obstacles/of-defaults.ts';
import { OF_NAMES } from './obstacles/of-names.ts';
import { OF_PARTITIONS } from './obstacles/of-partitions.ts';
import { OF_PUBLICATIONS } from './obstacles/of-publications.ts';
import { OF_ROW_TYPES } from './obstacles/of-row-types.ts';
import { OF_TABLE } from './obstacles/of-table.ts';
import { OF_TYPES } from './obstacles/of-types.ts';
import { OF_WRITES } from './obstacles/of-writes.ts';
import { ONE_WAY } from './obstacles/one-way.ts';

const TABLE = `create table part (id bigint primary key, name text, size integer not null)`;

const database = databasePerFile(`drop publication if exists sizes; ${TABLE}`);
const { client } = database;

/** A function of a conversion as `npx online-migration new` writes it. */
function notWritten(): never {
  throw new OnlineMigrationError(
    'CONVERSION_NOT_WRITTEN',
    'src/part/size-conversion.ts: write the function `forward`.',
  );
}

describe('expand refuses, with nothing changed,', () => {
  it.each([
    ...OF_TABLE,
    ...ATTACHED,
    ...OF_PARTITIONS,
    ...OF_DEFAULTS,
    ...OF_TYPES,
    ...OF_NAMES,
    ...ONE_WAY,
    ...OF_WRITES,
    ...OF_BODIES,
    ...OF_ROW_TYPES,
    ...OF_PUBLICATIONS,
    ...Object.entries(NEWER).flatMap(([since, obstacles]) => (SERVER_MAJOR < Number(since) ? [] : obstacles)),
  ])('%s', async (setup, code, reason, declared = {}) => {
    await client.rows(setup);
    const before = await readSchema(client);
    const context = await database.open(changeOfPart(declared));
    const pattern = new RegExp(
      `^Cannot change public\\.part\\.[\\w-]+; nothing was changed:\\n(?:.*\\n)*  .*(?:${reason.source})`,
    );
    const refusal = await expand(context).catch((error: unknown) => error as OnlineMigrationError);
    expect(refusal).toMatchObject({ code: 'OBSTACLES', message: expect.stringMatching(pattern) });
    const { message, details } = refusal as OnlineMigrationError;
    // Each obstacle has one line, after the first line of the message.
    const place = message.match(pattern)![0].split('\n').length - 2;
    const line = message.split('\n')[place + 1]!.trim();
    expect(details['phase']).toBe('expand');
    expect((details['obstacles'] as Obstacle[])[place]).toMatchObject({ code, message: line });
    expect(await readSchema(client)).toEqual(before);
  });

  it('for all reasons at once', async () => {
    await client.rows(`
      create function half(integer) returns integer language sql immutable as 'select $1 / 2';
      alter table part add size_new text; create view big as select * from part where size > 9;
      create table kept (was big);
      create index halved on part (half(size)); alter table part alter size drop not null`);
    const context = await database.open(changeOfPart({ key: 'ident' }));
    const refusal = await expand(context).catch((error: unknown) => error as OnlineMigrationError);
    const { details } = refusal as OnlineMigrationError;
    expect((details['obstacles'] as Obstacle[]).map(({ code }) => code)).toEqual([
      'NULLABLE_NOT_AS_DECLARED',
      'NEW_COLUMN_EXISTS',
      'KEY_COLUMN_NOT_FOUND',
      'INDEX_NOT_CARRIED',
      'VIEW_NOT_CARRIED',
    ]);
  });

  it('a server that is too old for its conversion', async () => {
    const conversion = { ...integerToBigint, serverVersion: 99 };
    const context = await database.open(changeOfPart({ conversion }));
    await expect(expand(context)).rejects.toMatchObject({
      code: 'SERVER_TOO_OLD',
      message: expect.stringMatching(/Upgrade the server to PostgreSQL 99 or newer/),
    });
  });

  it('a conversion that is not written yet, before the first statement', async () => {
    const before = await readSchema(client);
    const context = await database.open(
      changeOfPart({ conversion: { forward: notWritten, backward: notWritten } }),
    );
    await expect(expand(context)).rejects.toMatchObject({ code: 'CONVERSION_NOT_WRITTEN' });
    expect(await readSchema(client)).toEqual(before);
  });
});
