import { z } from 'zod';
import { parseTimestamp } from './timestamp.ts';

/** Greatest value of PostgreSQL's bigint. */
const MAX_BIGINT = 2n ** 63n - 1n;

/** Greatest length of a name in code points, as PostgreSQL counts characters. UTF-16 units may be more. */
const MAX_NAME_LENGTH = 100;

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 1000;

const NAME_ERROR = `must be a text of 1 to ${MAX_NAME_LENGTH} characters that is not blank`;
const TIMESTAMP_ERROR = 'must be a real date and time, in UTC, in the form YYYY-MM-DD HH:MM:SS';
const ID_ERROR = `must be a whole number from 1 to ${MAX_BIGINT}`;
const AFTER_ERROR = `must be a whole number from 0 to ${MAX_BIGINT}`;
const LIMIT_ERROR = `must be a whole number from 1 to ${MAX_LIMIT}`;
const EMPTY_CHANGE_ERROR = 'must give name, created_at or both';
const OBJECT_ERROR = { error: 'must be a JSON object' };

const name = z
  .string({ error: NAME_ERROR })
  .refine(isStorableName, { error: NAME_ERROR })
  .meta({ minLength: 1, maxLength: MAX_NAME_LENGTH, pattern: String.raw`\S` });

const createdAt = z
  .string({ error: TIMESTAMP_ERROR })
  .transform((text, context) => {
    const timestamp = parseTimestamp(text);
    if (timestamp !== null) return timestamp;
    context.addIssue({ code: 'custom', message: TIMESTAMP_ERROR });
    return z.NEVER;
  })
  .meta({
    pattern: String.raw`^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$`,
    examples: ['2024-01-01 10:00:00'],
  });

/** A whole number in a URL, up to the greatest bigint. JSON Schema cannot state a bound beyond a double's precision. */
function bigintText(pattern: RegExp, minimum: number, error: string) {
  return z
    .string({ error })
    .regex(pattern, { error })
    .transform(BigInt)
    .pipe(z.bigint().max(MAX_BIGINT, { error }))
    .meta({ type: 'integer', format: 'int64', minimum });
}

/** The path parameters of one record. */
export const recordPathSchema = z.strictObject({ id: bigintText(/^[1-9]\d{0,18}$/, 1, ID_ERROR) });

/** The query parameters of the list. */
export const listQuerySchema = z.strictObject({
  limit: z
    .string({ error: LIMIT_ERROR })
    .regex(/^[1-9]\d{0,3}$/, { error: LIMIT_ERROR })
    .transform(Number)
    .pipe(z.int().min(1).max(MAX_LIMIT, { error: LIMIT_ERROR }))
    .default(DEFAULT_LIMIT),
  after: bigintText(/^(0|[1-9]\d{0,18})$/, 0, AFTER_ERROR).default(0n),
});

/** The body that creates a record. */
export const newRecordSchema = z.strictObject({ name, created_at: createdAt.optional() }, OBJECT_ERROR);

/** The body that updates a record. */
export const recordChangeSchema = z
  .strictObject({ name: name.optional(), created_at: createdAt.optional() }, OBJECT_ERROR)
  .refine((change) => change.name !== undefined || change.created_at !== undefined, {
    error: EMPTY_CHANGE_ERROR,
  })
  .meta({ minProperties: 1 });

/** A record in an answer. */
export const recordSchema = z.strictObject({
  id: z.number().meta({ type: 'integer', format: 'int64', minimum: 1 }),
  name: z.string(),
  created_at: z.string().meta({
    description: 'A timestamp. A stored text that is not a timestamp is returned unchanged.',
    examples: ['2024-01-01 10:00:00'],
  }),
});

/** A page of records in an answer. */
export const listSchema = z.strictObject({
  records: z.array(recordSchema),
  count: z.int().min(0).max(MAX_LIMIT),
});

/** NUL and lone surrogates cannot be stored as UTF-8 text in PostgreSQL. */
function isStorableName(text: string): boolean {
  const length = Array.from(text).length;
  return length <= MAX_NAME_LENGTH && /\S/.test(text) && !text.includes('\0') && text.isWellFormed();
}
