import { describe, expect, it } from '@jest/globals';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import type { Queryable } from '../../../src/online-migration/postgres/queryable.ts';
import { compareColumns } from '../../../src/online-migration/verify/equality-proof.ts';
import { classifyValues } from '../../../src/online-migration/verify/value-classes.ts';
import { eventChange, eventColumn } from '../../support/event-change.ts';
import { MOMENT } from '../../support/event-table.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const ROWS = 1_000;
/** A reader that never ends would make more of them. */
const MOST_INSERTS = 500;

const database = databasePerFile(
  `create table event (id bigint generated always as identity primary key, at varchar(50) not null)`,
  `insert into event (at) select ${MOMENT} from generate_series(1, ${ROWS}) as n`,
);
const { client } = database;

/** A session that does something before each of its statements with a text. */
function withBefore<Session extends Queryable>(
  session: Session,
  text: string,
  act: () => Promise<unknown>,
): Session {
  return new Proxy(session, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      if (property !== 'query') return value.bind(target);
      return async (...statement: unknown[]) => {
        if (String(statement[0]).includes(text)) await act();
        return value.apply(target, statement);
      };
    },
  });
}

/** A session that inserts a row behind all others before each of its statements. */
function whileRowsAreInserted<Session extends Queryable>(session: Session): Session {
  let inserts = 0;
  return withBefore(session, '', async () => {
    if (++inserts > MOST_INSERTS) throw new Error('It reads on for as long as rows are inserted.');
    await client.rows(`insert into event (at) values ('2024-01-01 00:00:00')`);
  });
}

it('the comparison of the columns ends, although rows are inserted all the time', async () => {
  const context = await database.open(eventChange);
  await expand(context);
  await backfill(context);
  const session = whileRowsAreInserted(context.session);
  expect((await compareColumns({ ...context, session }, 'read')).differences).toEqual([]);
});

describe('a difference that a batch has found', () => {
  const NAMING = 'with unequal';

  it.each(['read', 'keep'] as const)('is named although others insert rows before it (%s)', async (mode) => {
    const context = await database.open(eventChange);
    await expand(context);
    await backfill(context);
    await client.rows(`update event set at_new = '2000-01-01Z' where id = 1`);
    let inserted = 0;
    const session = withBefore(context.session, NAMING, async () => {
      inserted += 1;
      await client.rows(`
        insert into event (id, at) overriding system value
        select -n, '2024-01-01 00:00:00' from generate_series(${(inserted - 1) * ROWS + 1}, ${inserted * ROWS}) as n`);
    });
    const { differences } = await compareColumns({ ...context, session }, mode);
    expect(differences).toMatchObject([{ key: '1' }]);
    expect(inserted).toBe(1);
  });

  it('is compared again if the row has been corrected meanwhile', async () => {
    const context = await database.open(eventChange);
    await expand(context);
    await backfill(context);
    await client.rows(`update event set at_new = '2000-01-01Z' where id in (1, ${ROWS})`);
    let corrected = 0;
    const session = withBefore(context.session, NAMING, async () => {
      corrected += 1;
      await client.rows(`update event set at = '2030-01-01 00:00:00' where id = 1`);
    });
    const { differences } = await compareColumns({ ...context, session }, 'read');
    expect(differences).toMatchObject([{ key: `${ROWS}` }]);
    expect(corrected).toBe(2);
  });
});

it('the check of the values ends, although rows are inserted all the time', async () => {
  const reader = await database.connect();
  const [group] = await classifyValues(whileRowsAreInserted(reader), eventColumn, () => undefined);
  expect(group?.rows).toBeGreaterThanOrEqual(ROWS);
});
