import { BigIntType } from '@mikro-orm/core';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import type { FollowedChange } from '../../../src/online-migration/mikro-orm/follow/followed-change.ts';
import { changeOf } from '../change-of.ts';
import { IsoText } from './entities.ts';

export const widening = {
  forward: (value: string) => `${value}::bigint`,
  backward: (value: string) =>
    `case when ${value} between -2147483648 and 2147483647 then ${value}::integer end`,
};

/** The key of `orders`, to which `item` and `order_tag` refer. */
export const orderId: FollowedChange = {
  change: changeOf('orders.id', { from: 'integer', to: 'bigint', conversion: widening }),
  oldType: new BigIntType(),
};

/** A text with the same TypeScript type. */
export const orderTotal: FollowedChange = {
  change: changeOf('orders.total', { from: 'text', to: 'numeric(12,2)', conversion: textToNumeric(12, 2) }),
};

/** A text that the application uses as a Date. */
export const customerSince: FollowedChange = {
  change: changeOf('customer.since', {
    from: 'varchar(50)',
    to: 'timestamptz',
    conversion: {
      forward: (value) =>
        `case when ${value} ~ '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' then ${value}::timestamptz end`,
      backward: (value) => `to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
    },
  }),
  oldType: new IsoText(),
};

/** A property of an embedded object. */
export const households: FollowedChange = {
  change: changeOf('customer.address_households', { from: 'integer', to: 'bigint', conversion: widening }),
};

/** Both columns of `orders` in one change. */
export const orderIdAndTotal: FollowedChange = {
  change: { ...orderId.change, columns: [...orderId.change.columns, ...orderTotal.change.columns] },
  oldType: { id: new BigIntType() },
};

/** Both columns of `customer` in one change. */
export const customerSinceAndHouseholds: FollowedChange = {
  change: {
    ...customerSince.change,
    columns: [...customerSince.change.columns, ...households.change.columns],
  },
  oldType: { since: new IsoText() },
};
