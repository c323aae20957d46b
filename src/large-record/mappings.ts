import { defineEntity, p, type EntitySchema } from '@mikro-orm/core';
import type { ActiveColumn } from 'online-migration';
import { NativeTimestamp, TextTimestamp } from './timestamp-types.ts';

/** One record as the application uses it, independent of the active column. */
export interface LargeRecord {
  readonly id: bigint;
  readonly name: string;
  /** A whole second in UTC. A stored text that is not a timestamp is kept as a string. */
  readonly createdAt: Date | string;
}

/** The fields of a new record. */
export type NewLargeRecord = Readonly<{ name: string; createdAt: Date }>;

/** The fields to update. An undefined field keeps its stored value. */
export type LargeRecordChange = Readonly<{ name?: string | undefined; createdAt?: Date | undefined }>;

/** The mappings by schema version. A version of the application may lack some of them. */
export type Mappings = Readonly<Partial<Record<ActiveColumn['form'], EntitySchema<LargeRecord>>>>;

const tableName = 'large_record';

/** The properties that all three mappings share. */
const sharedProperties = {
  id: p.bigint().primary().generated('identity'),
  name: p.string().length(100),
};

/** Schema version "old", until contract: the timestamp is a text in `created_at`. */
const textMapping: EntitySchema<LargeRecord> = defineEntity({
  name: 'LargeRecordWithText',
  tableName,
  properties: { ...sharedProperties, createdAt: p.type(TextTimestamp).fieldName('created_at') },
});

/** Schema version "new", from the switchover to the rename: the timestamp is in `created_at_new`. */
export const newColumnMapping: EntitySchema<LargeRecord> = defineEntity({
  name: 'LargeRecordWithNewColumn',
  tableName,
  properties: { ...sharedProperties, createdAt: p.type(NativeTimestamp).fieldName('created_at_new') },
});

/** Schema version "renamed": the timestamp is in `created_at`, as a timestamptz. */
export const renamedMapping: EntitySchema<LargeRecord> = defineEntity({
  name: 'LargeRecord',
  tableName,
  properties: { ...sharedProperties, createdAt: p.type(NativeTimestamp).fieldName('created_at') },
});

/** All three mappings, for an application that follows the whole column change. */
export const allMappings: Mappings = {
  old: textMapping,
  new: newColumnMapping,
  renamed: renamedMapping,
};
