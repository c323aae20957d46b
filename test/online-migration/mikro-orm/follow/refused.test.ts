import { BigIntType, defineEntity, p, Type } from '@mikro-orm/core';
import { defineConfig } from '@mikro-orm/postgresql';
import { expect, it } from '@jest/globals';
import { columnOf } from '../../../../src/online-migration/mikro-orm/follow/column-of.ts';
import { changeOf } from '../../../support/change-of.ts';
import { customerSince, orderId, orderTotal } from '../../../support/shop/changes.ts';
import { Order } from '../../../support/shop/entities.ts';
import { polymorphic } from '../../../support/shop/mappings/polymorphic.ts';
import { documentId, threeLevels } from '../../../support/shop/mappings/table-per-type.ts';
import { openShop } from '../../../support/shop/open-shop.ts';
import { followedOrm } from '../../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import { refusedWith } from '../../../support/refused-with.ts';

/** Nothing is read from it: a change that does not fit is refused before. */
const NO_DATABASE = 'postgresql://nobody@127.0.0.1:9/none';

const widening = orderId.change.columns[0]!.conversion!;
const of = (path: string) => changeOf(path, { from: 'integer', to: 'bigint', conversion: widening });

/** Its values are lists. */
class ListType extends Type<string[], string> {
  override get runtimeType(): string {
    return 'string[]';
  }
}

it.each([
  [
    'a table without an entity',
    of('parcel.id'),
    'ENTITY_NOT_FOUND',
    /^The change public\.parcel\.id is of the table public\.parcel, and no entity/,
  ],
  [
    'a column without a property',
    of('orders.weight'),
    'PROPERTY_NOT_FOUND',
    /^The change public\.orders\.weight is of the column weight, and no property of Order, Gift is stored in it\..* The columns are: id, kind/,
  ],
  [
    'a text that is a Date after the change, without a type',
    customerSince.change,
    'PROPERTY_TYPE_DIFFERS',
    /^The change public\.customer\.since stores Customer\.since in since \(varchar\(50\)\)\. The property is a Date, and the type of this column makes it a string\. Give the change an `oldType` that makes it a Date: a class that extends `Type<Date, …>`/,
  ],
  [
    'an integer that is a bigint after the change, without a type',
    orderId.change,
    'PROPERTY_TYPE_DIFFERS',
    /makes it a number\. Give the change an `oldType` that makes it a bigint: `new BigIntType\(\)` of MikroORM\.$/,
  ],
  [
    'a type of other values for the new column',
    { ...orderTotal, newType: new ListType() },
    'PROPERTY_TYPE_DIFFERS',
    /^The change public\.orders\.total stores Order\.total in total_new \(numeric\(12,2\)\)\. The property is a string, and the type of this column makes it a string\[\]\. Give the change an `newType`/,
  ],
])('%s is refused at the start', async (_, change, code, message) => {
  await expect(openShop(NO_DATABASE, { changes: [change] })).rejects.toMatchObject(
    refusedWith(code as never, message),
  );
});

it('two changes of one column are refused at the start', async () => {
  const again = changeOf('orders.total', {
    from: 'text',
    to: 'text',
    conversion: widening,
    name: 'again',
    newColumn: 'total_2',
  });
  await expect(openShop(NO_DATABASE, { changes: [orderTotal, again] })).rejects.toMatchObject(
    refusedWith(
      'PROPERTY_CHANGED_TWICE',
      /^The changes public\.orders\.total and again are of the same column total: follow only/,
    ),
  );
});

it('a custom type of the entity needs a type for the old column', async () => {
  class Cents extends Type<string, string> {}
  const schema = defineEntity({
    name: 'Order',
    tableName: 'orders',
    properties: { id: p.bigint().primary(), total: p.type(Cents) },
  });
  const config = defineConfig({ clientUrl: NO_DATABASE, entities: [schema], ensureDatabase: false });
  await expect(followedOrm(config, { changes: [orderTotal.change], log: console.log })).rejects.toMatchObject(
    refusedWith(
      'PROPERTY_TYPE_DIFFERS',
      /The property has a custom type for numeric\(12,2\)\. Give the change an `oldType`/,
    ),
  );
});

it('a property without a column of its own is refused by columnOf', async () => {
  await using orm = await openShop(NO_DATABASE, {
    changes: [{ change: orderId.change, oldType: new BigIntType() }],
  });
  expect(columnOf(orm.base.em, Order, 'total')).toBe('total');
  for (const property of ['items', 'nothing', 'customer.name']) {
    expect(() => columnOf(orm.base.em, Order, property)).toThrow(
      expect.objectContaining({ code: 'PROPERTY_WITHOUT_COLUMN' }),
    );
  }
});

it('a column that a property stores together with others is refused at the start', async () => {
  const [{ entities }] = polymorphic as [(typeof polymorphic)[0]];
  const config = defineConfig({ clientUrl: NO_DATABASE, entities, ensureDatabase: false });
  const change = of('note.subject_id');
  await expect(followedOrm(config, { changes: [change], log: console.log })).rejects.toMatchObject(
    refusedWith(
      'PROPERTY_OF_SEVERAL_COLUMNS',
      /^The change public\.note\.subject_id is of the column subject_id, and Note\.subject is stored in several: subject_type, subject_id\. Give the column a property of its own/,
    ),
  );
});

it('a key of table-per-type inheritance of three levels is refused at the start', async () => {
  const config = defineConfig({ clientUrl: NO_DATABASE, entities: threeLevels, ensureDatabase: false });
  await expect(followedOrm(config, { changes: [documentId], log: console.log })).rejects.toMatchObject(
    refusedWith(
      'KEY_OF_DEEP_INHERITANCE',
      /^The change public\.document\.id is of the key of Document, and Reminder is on the third level/,
    ),
  );
});
