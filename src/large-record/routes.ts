import type { Router } from '@koa/router';
import { readJsonBody } from '../http/json-body.ts';
import { Problem } from '../http/problem.ts';
import { validate } from '../http/validate.ts';
import type { LargeRecord } from './large-record.ts';
import { currentTimestamp, formatTimestamp } from './timestamp.ts';
import type { LargeRecordRepository } from './repository.ts';
import { listQuerySchema, newRecordSchema, recordChangeSchema, recordPathSchema } from './schemas.ts';

declare global {
  interface JSON {
    /** `stringify` writes this text unchanged. TypeScript does not declare the function yet. */
    rawJSON(text: string): object;
  }
}

/** SQLSTATE "invalid datetime format". The sync trigger raises it if the other column cannot store the timestamp. */
const REFUSED_TIMESTAMP_CODE = '22007';

/**
 * Adds the HTTP routes for records.
 *
 * @param repository reads and writes the records
 * @param router receives the routes
 */
export function addLargeRecordRoutes(router: Router, repository: LargeRecordRepository): void {
  router.get('/list_large', async (ctx) => {
    const { after, limit } = validate(listQuerySchema, ctx.query);
    const records = await repository.list(after, limit);
    ctx.body = { records: records.map(toAnswer), count: records.length };
  });

  router.post('/large_records', async (ctx) => {
    const { name, created_at: createdAt = currentTimestamp() } = validate(
      newRecordSchema,
      await readJsonBody(ctx),
    );
    const record = await nameRefusedTimestamp(repository.create({ name, createdAt }));
    ctx.status = 201;
    ctx.set('Location', `/large_records/${record.id}`);
    ctx.body = toAnswer(record);
  });

  router.get('/large_records/:id', async (ctx) => {
    const { id } = validate(recordPathSchema, ctx.params);
    ctx.body = toAnswer((await repository.find(id)) ?? noSuchRecord());
  });

  router.patch('/large_records/:id', async (ctx) => {
    const { id } = validate(recordPathSchema, ctx.params);
    const { name, created_at: createdAt } = validate(recordChangeSchema, await readJsonBody(ctx));
    const record = await nameRefusedTimestamp(repository.update(id, { name, createdAt }));
    ctx.body = toAnswer(record ?? noSuchRecord());
  });

  router.delete('/large_records/:id', async (ctx) => {
    const { id } = validate(recordPathSchema, ctx.params);
    if (!(await repository.remove(id))) noSuchRecord();
    ctx.status = 204;
  });
}

/** A record as JSON. An id is a JSON number even beyond 2^53. */
function toAnswer({ id, name, createdAt }: LargeRecord): object {
  return {
    id: id <= Number.MAX_SAFE_INTEGER ? Number(id) : JSON.rawJSON(String(id)),
    name,
    created_at: createdAt instanceof Date ? formatTimestamp(createdAt) : createdAt,
  };
}

function noSuchRecord(): never {
  throw new Problem(404, 'There is no record with this id.');
}

async function nameRefusedTimestamp<T>(writing: Promise<T>): Promise<T> {
  try {
    return await writing;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === REFUSED_TIMESTAMP_CODE)) throw error;
    throw Problem.ofFields([{ field: 'created_at', message: 'cannot be stored' }]);
  }
}
