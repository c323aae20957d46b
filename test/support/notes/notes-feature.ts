import type { Router } from '@koa/router';
import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import type { Feature } from '../../../src/http/feature.ts';
import { readJsonBody } from '../../../src/http/json-body.ts';
import {
  body,
  type DocumentedRoutes,
  json,
  parametersOf,
  problems,
  REQUEST_ID,
} from '../../../src/http/openapi/operation.ts';
import { Problem } from '../../../src/http/problem.ts';
import { validate } from '../../../src/http/validate.ts';
import type { FollowedOrm } from '../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import { priorityChange } from './note-change.ts';
import { Note } from './note.ts';

const OBJECT_ERROR = { error: 'must be a JSON object' };
const text = z.string({ error: 'must be a text' }).min(1, { error: 'must not be empty' }).max(100);
const priority = z.int({ error: 'must be a whole number' }).min(0).max(9);
const newNoteSchema = z.strictObject({ text, priority: priority.default(0) }, OBJECT_ERROR);
const noteChangeSchema = z.strictObject({ text }, OBJECT_ERROR);
const noteSchema = z.strictObject({ id: z.int().min(1), text: z.string(), priority: z.int() });
const listSchema = z.strictObject({ notes: z.array(noteSchema) });

const wholeNumber = (error: string) =>
  z
    .string({ error })
    .regex(/^[1-9]\d{0,8}$/, { error })
    .transform(Number);
const numbered = { type: 'integer', minimum: 1 };
const pathSchema = z.strictObject({ id: wholeNumber('must be a whole number').meta(numbered) });
const querySchema = z.strictObject({
  limit: wholeNumber('must be a whole number').meta(numbered).default(10),
});

const documentation: DocumentedRoutes = {
  bodies: { NewNote: newNoteSchema, NoteChange: noteChangeSchema },
  answers: { Note: noteSchema, NoteList: listSchema },
  paths: {
    '/notes': {
      get: {
        operationId: 'listNotes',
        summary: 'The notes by id.',
        parameters: parametersOf('query', querySchema),
        responses: { 200: json('The notes.', 'NoteList'), ...problems(400, 500, 503) },
      },
      post: {
        operationId: 'createNote',
        summary: 'Makes a note.',
        requestBody: body('NewNote'),
        responses: { 201: json('The note.', 'Note'), ...problems(400, 408, 413, 415, 500, 503) },
      },
    },
    '/notes/{id}': {
      get: {
        operationId: 'getNote',
        summary: 'One note.',
        parameters: parametersOf('path', pathSchema),
        responses: { 200: json('The note.', 'Note'), ...problems(400, 404, 500, 503) },
      },
      patch: {
        operationId: 'changeNote',
        summary: 'Changes the text of a note.',
        parameters: parametersOf('path', pathSchema),
        requestBody: body('NoteChange'),
        responses: { 200: json('The note.', 'Note'), ...problems(400, 404, 408, 413, 415, 500, 503) },
      },
      delete: {
        operationId: 'deleteNote',
        summary: 'Removes a note.',
        parameters: parametersOf('path', pathSchema),
        responses: {
          204: { description: 'It is gone.', headers: REQUEST_ID },
          ...problems(400, 404, 500, 503),
        },
      },
    },
  },
};

/** A small feature for testing the application's common functions: the table `note` and routes on it. */
export const notes: Feature = {
  changes: [{ change: priorityChange }],
  entities: [Note],
  loadRoutes: async () => ({ documentation, addRoutes: addNoteRoutes }),
};

/** Adds the routes. Each runs one unit of work. */
export function addNoteRoutes(router: Router, orm: FollowedOrm): void {
  router.get('/notes', async (ctx) => {
    const { limit } = validate(querySchema, ctx.query);
    ctx.body = { notes: await orm.run((em) => em.find(Note, {}, { limit, orderBy: { id: 'asc' } })) };
  });
  router.post('/notes', async (ctx) => {
    const note = validate(newNoteSchema, await readJsonBody(ctx));
    const id = await orm.run((em) => em.insert(Note, note));
    ctx.status = 201;
    ctx.body = { id, ...note };
  });
  router.get('/notes/:id', async (ctx) => {
    const { id } = validate(pathSchema, ctx.params);
    ctx.body = await orm.run((em) => find(em, id));
  });
  router.patch('/notes/:id', async (ctx) => {
    const { id } = validate(pathSchema, ctx.params);
    const change = validate(noteChangeSchema, await readJsonBody(ctx));
    ctx.body = await orm.run(async (em) => {
      await em.nativeUpdate(Note, { id }, change);
      return find(em, id);
    });
  });
  router.delete('/notes/:id', async (ctx) => {
    const { id } = validate(pathSchema, ctx.params);
    const count = await orm.run((em) => em.nativeDelete(Note, { id }));
    if (count === 0) throw noSuchNote();
    ctx.status = 204;
  });
}

async function find(em: EntityManager, id: number): Promise<Note> {
  const note = await em.findOne(Note, id);
  if (note === null) throw noSuchNote();
  return note;
}

function noSuchNote(): Problem {
  return new Problem(404, 'There is no note of this id.');
}
