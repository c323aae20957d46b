import { describe, expect, it } from '@jest/globals';
import { escapeIdentifier } from 'pg';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { varcharToText } from '../../../src/online-migration/conversions/texts/varchar-to-text.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { type ChangeCase, expectFullCycle, openContext } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { connect } from '../../support/database-client.ts';
import { SERVER_MAJOR } from '../../support/server-major.ts';
import { adminClient, createTestDatabase, type TestDatabase } from '../../support/test-server.ts';

/** An empty database in another encoding. */
async function createDatabaseIn(encoding: string): Promise<TestDatabase> {
  const database = await createTestDatabase();
  await using admin = await adminClient();
  const name = escapeIdentifier(database.name);
  await admin.query(`drop database ${name}`);
  const provider = SERVER_MAJOR < 15 ? '' : `locale_provider 'libc'`;
  await admin.query(
    `create database ${name} encoding '${encoding}' ${provider} lc_collate 'C' lc_ctype 'C' template template0`,
  );
  return database;
}

/** One byte in both encodings, and no UTF-8. */
const E_ACUTE = 'chr(233)';
const line = (n: string) => `('caf' || ${E_ACUTE} || ${n})`;
const amount = (n: string) => `((${n} % 100000)::numeric(12, 2) / 100)::numeric(12, 2)`;

const text: ChangeCase = {
  change: changeOf('entry.line', { from: 'varchar(50)', to: 'text', conversion: varcharToText(50) }),
  value: { old: line, new: line },
  setup: [
    `create table entry (id bigint generated always as identity primary key, n bigint not null, line varchar(50) not null)`,
    `create unique index on entry (n, line)`,
    `insert into entry (n, line) select n, ${line('n')} from generate_series(1, 500) as n`,
    `insert into entry (n, line) select 0, ${E_ACUTE} || n from generate_series(1, 100) as n`,
  ],
  untouched: `select id, md5(line) from entry where n = 0 order by id`,
};

const keyChange = changeOf('entry.amount', {
  key: 'line',
  from: 'text',
  to: 'numeric(12,2)',
  conversion: textToNumeric(12, 2),
});
/** Rows for several batches of the proof, whose first one has 16, and some whose text has to be kept. */
const textKey: ChangeCase = {
  change: keyChange,
  value: { old: (n) => `${amount(n)}::text`, new: amount },
  setup: [
    `create sequence numbers`,
    `create table entry (
      id bigint generated always as identity unique, n bigint not null,
      line text primary key default ${E_ACUTE} || ' ' || nextval('numbers') || ' ' || ${E_ACUTE}, amount text not null
    )`,
    `insert into entry (n, amount) select n, ${amount('n')}::text from generate_series(1, 3000) as n`,
    `insert into entry (n, amount) select 0, '0' || n from generate_series(1, 100) as n`,
  ],
  untouched: `select md5(line), amount from entry where n = 0 order by line`,
};

describe.each(['LATIN1', 'SQL_ASCII'])('a database in %s', (encoding) => {
  it('goes through a whole change of texts that are no UTF-8', async () => {
    await using template = await createDatabaseIn(encoding);
    await expectFullCycle(text, { template: template.name });
  });
});

describe('a table with a key of texts that are no UTF-8', () => {
  it('goes through a whole change in LATIN1', async () => {
    await using template = await createDatabaseIn('LATIN1');
    await expectFullCycle(textKey, { template: template.name });
  });

  it('is refused in SQL_ASCII, where it could not be read, and goes through the change without the key', async () => {
    await using template = await createDatabaseIn('SQL_ASCII');
    await using database = await createTestDatabase(template.name);
    await using client = await connect(database.url);
    for (const statement of textKey.setup) await client.rows(statement);
    await using context = await openContext(database.url, textKey.change);
    await expect(expand(context)).rejects.toThrow(
      `The database's encoding is SQL_ASCII, so a text of line may be no UTF-8 and could not be read: declare a key of ` +
        `another type, or \`key: []\`.`,
    );
    const convertible = textKey.setup.slice(0, -1);
    await expectFullCycle(
      { ...textKey, setup: convertible, change: { ...textKey.change, key: [] } },
      { template: template.name },
    );
  });
});
