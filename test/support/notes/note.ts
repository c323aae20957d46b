import { defineEntity, p } from '@mikro-orm/core';

const noteSchema = defineEntity({
  name: 'Note',
  tableName: 'note',
  properties: {
    id: p.integer().primary().generated('identity'),
    text: p.string().length(100),
    priority: p.bigint('number'),
  },
});

/** A note as clients see it. */
export class Note extends noteSchema.class {}
noteSchema.setClass(Note);
