import { randomBytes } from 'node:crypto';
import { it } from '@jest/globals';
import { varcharToText } from '../../../src/online-migration/conversions/texts/varchar-to-text.ts';
import { expectFullCycle } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { adminClient } from '../../support/test-server.ts';

const text = (n: string) => `'value ' || ${n}`;

it('keeps an index and a constraint in the tablespaces that they are in', async () => {
  const space = `space_${randomBytes(6).toString('hex')}`;
  await using admin = await adminClient();
  // In the data folder itself, so that the test needs no other one that the server may write to.
  await admin.query(`set allow_in_place_tablespaces = on`);
  await admin.query(`create tablespace ${space} location ''`);
  try {
    await expectFullCycle({
      change: changeOf('shelf.label', { from: 'varchar(40)', to: 'text', conversion: varcharToText(40) }),
      value: { old: text, new: text },
      setup: [
        `create table shelf (id bigint generated always as identity primary key, n bigint not null, label varchar(40) not null)`,
        `insert into shelf (n, label) select n, ${text('n')} from generate_series(1, 500) as n`,
        `create index shelf_label_idx on shelf (label) tablespace ${space}`,
        `alter table shelf add constraint shelf_once unique (label, n, id) using index tablespace ${space}`,
      ],
    });
  } finally {
    await admin.query(`drop tablespace ${space}`);
  }
});
