import { Collection, DecimalType } from '@mikro-orm/core';
import { Entity, ManyToOne, OneToMany, PrimaryKey, Property } from '@mikro-orm/decorators/es';

/** A customer, by decorators of ECMAScript. */
@Entity({ tableName: 'customer' })
export class DecoratedCustomer {
  @PrimaryKey({ type: 'integer', autoincrement: true })
  id!: number;

  @Property({ type: 'string' })
  name!: string;

  @OneToMany(() => DecoratedOrder, 'customer')
  orders = new Collection<DecoratedOrder>(this);
}

/** An order, by decorators of ECMAScript. */
@Entity({ tableName: 'orders' })
export class DecoratedOrder {
  @PrimaryKey({ type: 'bigint', autoincrement: true })
  id!: bigint;

  @ManyToOne(() => DecoratedCustomer)
  customer!: DecoratedCustomer;

  @Property({ type: DecimalType, precision: 12, scale: 2 })
  total!: string;
}
