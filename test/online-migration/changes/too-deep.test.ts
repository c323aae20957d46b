import { expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/column-change.ts';
import { textToJsonb } from '../../../src/online-migration/conversions/text-to-jsonb.ts';
import { backfill } from '../../../src/online-migration/moves/backfill.ts';
import { enforce } from '../../../src/online-migration/moves/enforce.ts';
import { expand } from '../../../src/online-migration/moves/expand.ts';
import { openContext } from '../../support/change-cycle.ts';
import { connect } from '../../support/database-client.ts';
import { describeFrom } from '../../support/server-major.ts';
import { createTestDatabase } from '../../support/test-server.ts';

const change: ColumnChange = {
  table: { schema: 'public', name: 'document' },
  key: 'id',
  oldColumn: { name: 'body', type: 'text' },
  newColumn: { name: 'body_new', type: 'jsonb' },
  conversion: textToJsonb,
};

describeFrom(16, 'a value that costs the server more than it has', () => {
  it('becomes a reject, and the others are filled', async () => {
    await using database = await createTestDatabase();
    await using client = await connect(database.url);
    await client.rows(
      `create table document (id bigint generated always as identity primary key, body text not null)`,
    );
    await client.rows(
      `insert into document (body) select format('{"n": %s}', n) from generate_series(1, 200) as n`,
    );
    await client.rows(`update document set body = repeat('[', 200000) || repeat(']', 200000) where id = 100`);
    await using context = await openContext(database.url, change);
    await expand(context);
    await backfill(context);
    expect(await client.rows(`select id::int from document where body_new is null`)).toEqual([{ id: 100 }]);
    expect(await client.rows(`select key, reason from online_migration.reject`)).toEqual([
      { key: '100', reason: expect.stringContaining('stack depth limit exceeded') },
    ]);
    await expect(enforce(context)).rejects.toThrow(
      /^Cannot enforce public\.document\.body: 1 rows have a value that jsonb cannot take/,
    );
    await client.rows(`update document set body = '[]' where id = 100`);
    await enforce(context);
  });
});
