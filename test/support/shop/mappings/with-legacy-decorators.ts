import { Collection, DecimalType } from '@mikro-orm/core';
import { Entity, ManyToOne, OneToMany, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';

/*
 * TypeScript compiles decorators with `experimentalDecorators` to these calls.
 */

/** A customer. */
export class LegacyCustomer {
  id!: number;
  name!: string;
  orders = new Collection<LegacyOrder>(this);
}

/** An order. */
export class LegacyOrder {
  id!: bigint;
  customer!: LegacyCustomer;
  total!: string;
}

PrimaryKey({ type: 'integer', autoincrement: true })(LegacyCustomer.prototype, 'id');
Property({ type: 'string' })(LegacyCustomer.prototype, 'name');
OneToMany(() => LegacyOrder, 'customer')(LegacyCustomer.prototype, 'orders');
Entity({ tableName: 'customer' })(LegacyCustomer);

PrimaryKey({ type: 'bigint', autoincrement: true })(LegacyOrder.prototype, 'id');
ManyToOne(() => LegacyCustomer)(LegacyOrder.prototype, 'customer');
Property({ type: DecimalType, precision: 12, scale: 2 })(LegacyOrder.prototype, 'total');
Entity({ tableName: 'orders' })(LegacyOrder);
