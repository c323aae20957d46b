import { defineEntity, type EntitySchema, p } from '@mikro-orm/core';

/** Properties of an entity, made by MikroORM's builders. */
type Properties = Readonly<Record<string, unknown>>;

/** Options of an entity, such as `indexes` and `schema`. */
type EntityOptions = Readonly<Record<string, unknown>>;

/** An entity whose definition a test composes. */
export function entity(name: string, properties: Properties, options: EntityOptions = {}): EntitySchema {
  const definition = { name, tableName: `${name.toLowerCase()}s`, properties, ...options };
  return defineEntity(definition as never) as EntitySchema;
}

/** `customers (id, name)`, with further properties. A property that is undefined is left out. */
export function customers(further: Properties = {}, options: EntityOptions = {}): EntitySchema {
  return entity('Customer', given({ id: p.integer().primary(), name: p.text(), ...further }), options);
}

/** `orders (id, total, note)`, with further properties. */
export function orders(further: Properties = {}, options: EntityOptions = {}): EntitySchema {
  const properties = {
    id: p.integer().primary(),
    total: p.integer(),
    note: p.text().nullable(),
    ...further,
  };
  return entity('Order', given(properties), options);
}

function given(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([, property]) => property !== undefined));
}

/** A property that refers to a customer. */
export function ofCustomer(customer: EntitySchema, column = 'customer_id') {
  return p.manyToOne(customer).joinColumn(column);
}
