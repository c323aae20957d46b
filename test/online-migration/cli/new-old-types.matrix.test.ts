import { FIRST_MIGRATIONS } from '../../support/new-migrations.ts';
import { describe, expect, it } from '@jest/globals';
import { BigIntType, DateTimeType, JsonType, Type } from '@mikro-orm/core';
import { defineConfig, defineEntity, p } from '@mikro-orm/postgresql';
import { oldTypesOf } from '../../../src/online-migration/new-change/entity-advice.ts';
import { planChange } from '../../../src/online-migration/new-change/plan-change.ts';
import { followedOrm } from '../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import { TypedColumn } from '../../../src/online-migration/mikro-orm/typed-column.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { openContext, PHASES } from '../../support/change-cycle.ts';
import { describeFrom } from '../../support/server-major.ts';
import { createTestDatabase } from '../../support/test-server.ts';

const ZONE = 'Europe/Berlin';

/** A text that `textToTimestamptz` accepts, as a Date. */
class UtcText extends Type<Date, string> {
  override convertToDatabaseValue(value: Date | string): string {
    return typeof value === 'string' ? value : value.toISOString().slice(0, 19).replace('T', ' ');
  }

  override convertToJSValue(value: Date | string): Date {
    return typeof value === 'string' ? new Date(`${value.replace(' ', 'T')}Z`) : value;
  }

  override compareAsType(): string {
    return 'Date';
  }
}

/** A timestamp of the zone, as a Date. */
class BerlinTimestamp extends DateTimeType {
  override convertToDatabaseValueSQL(key: string): string {
    return `(${key}::timestamptz at time zone '${ZONE}')`;
  }

  override convertToJSValueSQL(key: string): string {
    return `(${key} at time zone '${ZONE}')`;
  }
}

interface Case {
  readonly from: string;
  readonly to: string;
  /** The property of the entity, which describes the table after the change. */
  readonly property: unknown;
  /** The advised `oldType`; null if the advice is to give none. */
  readonly oldType: Type<unknown, unknown> | null;
  readonly advised: string | null;
  readonly zone?: string;
  /** A stored value, and the property of it. */
  readonly stored: string;
  readonly value: unknown;
}

const CASES: Case[] = [
  {
    from: 'integer',
    to: 'bigint',
    property: p.bigint(),
    oldType: new BigIntType(),
    advised: 'new BigIntType()',
    stored: '7',
    value: 7n,
  },
  {
    from: 'text',
    to: 'numeric(12,2)',
    property: p.decimal(),
    oldType: null,
    advised: null,
    stored: '7.50',
    value: '7.50',
  },
  {
    from: 'text',
    to: 'timestamptz',
    property: p.datetime(),
    oldType: new UtcText(),
    advised: 'new TValueOldType()',
    stored: '2024-01-31 10:00:00',
    value: new Date('2024-01-31T10:00:00.000Z'),
  },
  {
    from: 'timestamp',
    to: 'timestamptz',
    property: p.datetime(),
    oldType: null,
    advised: null,
    stored: '2024-01-31 10:00:00',
    value: new Date('2024-01-31T10:00:00.000Z'),
  },
  {
    from: 'timestamp',
    to: 'timestamptz',
    property: p.datetime(),
    oldType: new BerlinTimestamp(),
    advised: 'new TValueOldType()',
    zone: ZONE,
    stored: '2024-01-31 10:00:00',
    value: new Date('2024-01-31T09:00:00.000Z'),
  },
  {
    from: 'boolean',
    to: 'text',
    property: p.text(),
    oldType: new TypedColumn('boolean'),
    advised: `new TypedColumn('boolean')`,
    stored: 'true',
    value: 'true',
  },
  {
    from: 'char(3)',
    to: 'text',
    property: p.text(),
    oldType: null,
    advised: null,
    stored: 'abc',
    value: 'abc',
  },
  {
    from: 'text',
    to: 'public.mood',
    property: p.enum(['good', 'bad']).nativeEnumName('mood'),
    oldType: null,
    advised: null,
    stored: 'bad',
    value: 'bad',
  },
];

const JSON_CASES: Case[] = [
  {
    from: 'text',
    to: 'jsonb',
    property: p.json(),
    oldType: new JsonType(),
    advised: 'new JsonType()',
    stored: '{"a": 1}',
    value: { a: 1 },
  },
];

/** The property has its value at each stage with the advised type, and not without it. */
async function expectAdvice({ from, to, property, oldType, advised, zone, stored, value }: Case) {
  await using database = await createTestDatabase();
  await using session = await Session.open({ connectionString: database.url }, 'test');
  await session.query(`create type mood as enum ('good', 'bad')`);
  await session.query(
    `create table t (id integer primary key generated always as identity, value ${from} not null)`,
  );
  await session.query(`insert into t (value) values ($1)`, [stored]);
  const wanted = {
    table: 't',
    columns: ['value'],
    to,
    from: undefined,
    newColumn: undefined,
    rename: undefined,
    renameInContract: false,
    zone,
  };
  const plan = await planChange(session, wanted, FIRST_MIGRATIONS, []);
  const [advice] = oldTypesOf(plan);
  expect(advice?.oldType.expression ?? null).toBe(advised);

  const { change } = plan;
  const entity = defineEntity({
    name: 'T',
    tableName: 't',
    properties: {
      id: p.integer().primary().generated('identity'),
      value: property as ReturnType<typeof p.text>,
    },
  });
  const config = defineConfig({ clientUrl: database.url, entities: [entity], ensureDatabase: false });
  const open = (type: Type<unknown, unknown> | null) =>
    followedOrm(config, {
      changes: [type === null ? change : { change, oldType: type }],
      connection: database.url,
      log: () => undefined,
    });
  const withoutAdvice = async () => {
    await using orm = await open(null);
    return orm.run(async (em) => (await em.findOneOrFail(entity, { id: 1 })).value);
  };
  // Without the advice, the start fails or the value differs.
  const unadvised =
    oldType === null ? undefined : await withoutAdvice().catch(({ code }: { code: string }) => code);
  expect(unadvised).not.toEqual(value);
  await using orm = await open(oldType);
  await using context = await openContext(database.url, change);
  for (const phase of [undefined, ...PHASES.up, ...PHASES.down]) {
    await phase?.(context);
    const values = await orm.run(async (em) => {
      const rows = await em.find(entity, {});
      em.create(entity, { value: rows[0]!.value });
      await em.flush();
      return rows.map((row) => row.value as unknown);
    });
    expect(new Set(values.map((one) => JSON.stringify(one, withBigint)))).toEqual(
      new Set([JSON.stringify(value, withBigint)]),
    );
  }
}

function withBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

describe('the `oldType` that `new` advises gives a property the same values at each stage', () => {
  it.each(CASES)('from $from to $to, in $zone: $advised', expectAdvice);
});

describeFrom(16, 'the `oldType` that `new` advises for JSON', () => {
  it.each(JSON_CASES)('from $from to $to: $advised', expectAdvice);
});
