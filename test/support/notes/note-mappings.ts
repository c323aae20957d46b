import { defineEntity, p, type EntitySchema } from '@mikro-orm/core';

/** A note as clients see it. */
export interface Note {
  readonly id: number;
  readonly text: string;
  readonly priority: number;
}

const tableName = 'note';
const sharedProperties = {
  id: p.integer().primary().generated('identity'),
  text: p.string().length(100),
};

/** The mappings of the table by schema version. */
export const noteMappings: Readonly<Record<'old' | 'new' | 'renamed', EntitySchema<Note>>> = {
  old: defineEntity({
    name: 'NoteOld',
    tableName,
    properties: { ...sharedProperties, priority: p.integer() },
  }),
  new: defineEntity({
    name: 'NoteNew',
    tableName,
    properties: { ...sharedProperties, priority: p.bigint('number').fieldName('priority_new') },
  }),
  renamed: defineEntity({
    name: 'Note',
    tableName,
    properties: { ...sharedProperties, priority: p.bigint('number') },
  }),
};
