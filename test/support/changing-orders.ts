import { expect } from '@jest/globals';
import { defineEntity, type EntitySchema, p } from '@mikro-orm/core';
import { MikroORM, type Options } from '@mikro-orm/postgresql';
import type { ColumnChange } from '../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToNumeric } from '../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { planFilledChecks } from '../../src/online-migration/sync/filled-column.ts';
import { OnlineMigrator } from '../../src/online-migration/mikro-orm/online-migrator.ts';
import { backfill } from '../../src/online-migration/phases/backfill.ts';
import { contract } from '../../src/online-migration/phases/contract.ts';
import { enforce } from '../../src/online-migration/phases/enforce.ts';
import { expand } from '../../src/online-migration/phases/expand.ts';
import { mirrorAttachments } from '../../src/online-migration/phases/mirror-attachments.ts';
import { rename, revertRename } from '../../src/online-migration/phases/rename.ts';
import { revertContract } from '../../src/online-migration/phases/revert-contract.ts';
import { TypedColumn } from '../../src/online-migration/mikro-orm/typed-column.ts';
import { type PhaseFunction, openContext } from './change-cycle.ts';
import { changeOf } from './change-of.ts';
import { connect, type DatabaseClient } from './database-client.ts';
import { createTestDatabase, type TestDatabase } from './test-server.ts';

/** In a foreign key, in an index and in a unique constraint, with a default. */
export const customerChange = changeOf('orders.customer_id', {
  from: { type: 'integer', default: '1' },
  to: { type: 'bigint', default: '1' },
  conversion: integerToBigint,
});

/** Nullable, so checks stand for NOT NULL; and the declaration asks for an index. */
export const discountChange = changeOf('orders.discount', {
  from: 'text',
  to: 'numeric(12,2)',
  conversion: textToNumeric(12, 2),
  nullable: true,
  index: true,
});

/** The table that `orders` references. */
export const customers: EntitySchema = defineEntity({
  name: 'Customer',
  tableName: 'customers',
  properties: { id: p.bigint().primary(), name: p.text() },
});

/** A schema version of the table. */
export type Form = 'old' | 'new' | 'renamed';

const FORMS = {
  old: { suffix: '', customerId: 'integer', discount: 'text' },
  new: { suffix: '_new', customerId: 'bigint', discount: 'numeric(12,2)' },
  renamed: { suffix: '', customerId: 'bigint', discount: 'numeric(12,2)' },
} as const;

/**
 * The mapping of `orders` for one schema version. `note` adds a property and an index that the database does not have.
 */
export function ordersMapping(form: Form, { note = false } = {}): EntitySchema {
  const { suffix, customerId, discount } = FORMS[form];
  const discountColumn = p.type(new TypedColumn(discount)).fieldName(`discount${suffix}`).nullable();
  return defineEntity({
    name: `Order_${form}`,
    tableName: 'orders',
    uniques: [{ properties: ['customer', 'number'] }],
    indexes: note ? [{ properties: ['customer', 'note'], name: 'orders_customer_note_index' }] : [],
    checks: [{ name: 'orders_number_check', expression: 'number > 0' }],
    properties: {
      id: p.integer().primary(),
      number: p.integer(),
      customer: () =>
        p
          .manyToOne(customers)
          .joinColumn(`customer_id${suffix}`)
          .columnType(customerId)
          .defaultRaw('1')
          .index(),
      discount: form === 'old' ? discountColumn : discountColumn.index('orders_discount_new_idx'),
      ...(note ? { note: p.text().nullable() } : {}),
    },
  });
}

/** The entities for each schema version, and an ORM that has those of all versions. */
export const mappings: Record<Form | 'all', EntitySchema[]> = {
  old: [customers, ordersMapping('old')],
  new: [customers, ordersMapping('new')],
  renamed: [customers, ordersMapping('renamed')],
  all: [customers, ordersMapping('old'), ordersMapping('new'), ordersMapping('renamed')],
};

type TestOrm = MikroORM & AsyncDisposable;

/** MikroORM for migrations. Unlike in an application, a table may have several mappings. */
export async function openOrm(
  url: string,
  entities: EntitySchema[],
  migrations: Options['migrations'] = {},
  logger: (line: string) => void = () => undefined,
  furtherExtensions: NonNullable<Options['extensions']> = [],
): Promise<TestOrm> {
  const orm = await MikroORM.init({
    clientUrl: url,
    entities,
    discovery: { checkDuplicateTableNames: false },
    extensions: [OnlineMigrator.with(), ...furtherExtensions],
    migrations: { allOrNothing: false, snapshot: false, ...migrations },
    colors: false,
    logger,
  });
  return Object.assign(orm, { [Symbol.asyncDispose]: () => orm.close() });
}

/** A database with both tables, as MikroORM creates them, and some rows. */
export async function createOrders(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  await using orm = await openOrm(database.url, mappings.old);
  await orm.schema.create();
  await using client = await connect(database.url);
  await fillOrders(client);
  return database;
}

/** Inserts some rows. */
export async function fillOrders(client: DatabaseClient): Promise<void> {
  await client.rows(
    `insert into customers (id, name) values (1, 'one'), (3000000000, 'too many for an integer')`,
  );
  await client.rows(`insert into orders (number, customer_id, discount) values (1, 1, '1.50'), (2, 1, null)`);
}

/** Runs phases for the changes, one by one. */
export async function runPhases(
  url: string,
  changes: readonly ColumnChange[],
  phases: readonly PhaseFunction[],
): Promise<void> {
  for (const change of changes) {
    await using context = await openContext(url, change);
    for (const phase of phases) await phase(context);
  }
}

/** The state after an enforce that was killed before its last transaction. */
export const enforceHalfWay: PhaseFunction = async (context) => {
  await mirrorAttachments(context, 'enforce', 'old');
  await context.session.batch((await planFilledChecks(context.session, context.change, 'new')).statements);
};

/** The state after a revert of contract that was killed before its last transaction, with rows without an old value. */
export const revertContractHalfWay: PhaseFunction = async (context) => {
  const { session, change } = context;
  const ending = new AbortController();
  const ended = revertContract({
    ...context,
    signal: ending.signal,
    emit: (event) => {
      if (event.type === 'lock-held' && event.purpose === 'revert contract: add the old column')
        ending.abort(new Error('ended'));
    },
  });
  await expect(ended).rejects.toThrow('ended');
  await mirrorAttachments(context, 'revert contract', 'new');
  await session.batch((await planFilledChecks(session, change, 'old')).statements);
};

/** Up to contract, which drops the old column. */
export const TO_CONTRACTED = [expand, backfill, enforce, contract];
/** To the end, and the first revert. */
export const TURNED_BACK = [...TO_CONTRACTED, rename, revertRename];
/** To the end, and back to the stage with both columns. */
export const BACK_TO_ENFORCED = [...TURNED_BACK, revertContract];
