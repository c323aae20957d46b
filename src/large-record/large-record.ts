import { defineEntity, p } from '@mikro-orm/core';
import { NativeTimestamp } from './timestamp-types.ts';

const largeRecordSchema = defineEntity({
  name: 'LargeRecord',
  tableName: 'large_record',
  properties: {
    id: p.bigint().primary().generated('identity'),
    name: p.string().length(100),
    createdAt: p.type(NativeTimestamp).fieldName('created_at'),
  },
});

/** A record, as its table is after the column change. `createdAt` is a string if the stored text is not a timestamp. */
export class LargeRecord extends largeRecordSchema.class {}
largeRecordSchema.setClass(LargeRecord);

/** The fields of a new record. */
export type NewLargeRecord = Readonly<{ name: string; createdAt: Date }>;

/** The fields to update. An undefined field keeps its stored value. */
export type LargeRecordChange = Readonly<{ name?: string | undefined; createdAt?: Date | undefined }>;
