import { defineEntity, p, type EntitySchema } from '@mikro-orm/core';
import type { ActiveColumn } from '../online-migration/follow/active-column.ts';
import type { LargeRecord } from './large-record.ts';
import { TextMoment, TimestampMoment } from './timestamp-types.ts';

/** The mapping for each form of the table that a version of the application knows. */
export type Mappings = Readonly<Partial<Record<ActiveColumn['form'], EntitySchema<LargeRecord>>>>;

const tableName = 'large_record';

/** What the three mappings of the table share. */
const sharedProperties = {
  id: p.bigint().primary().generated('identity'),
  name: p.string().length(100),
};

/** The table up to its contraction: the moment is a text in `created_at`. */
export const textMapping: EntitySchema<LargeRecord> = defineEntity({
  name: 'LargeRecordWithText',
  tableName,
  properties: { ...sharedProperties, createdAt: p.type(TextMoment).fieldName('created_at') },
});

/** The table between the switchover and the rename: the moment is in `created_at_new`. */
export const newColumnMapping: EntitySchema<LargeRecord> = defineEntity({
  name: 'LargeRecordWithNewColumn',
  tableName,
  properties: { ...sharedProperties, createdAt: p.type(TimestampMoment).fieldName('created_at_new') },
});

/** The table at the end: the moment is in `created_at` again, as a timestamptz. */
export const renamedMapping: EntitySchema<LargeRecord> = defineEntity({
  name: 'LargeRecord',
  tableName,
  properties: { ...sharedProperties, createdAt: p.type(TimestampMoment).fieldName('created_at') },
});

/** All three, for a version that follows the column wherever it goes. */
export const allMappings: Mappings = {
  old: textMapping,
  new: newColumnMapping,
  renamed: renamedMapping,
};
