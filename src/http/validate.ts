import type { z } from 'zod';
import { Problem, type FieldError } from './problem.ts';

/**
 * @param schema the expected input; its messages continue a sentence that starts with the field's name
 * @param input from the client
 * @returns the parsed input
 * @throws Problem 400 that names each invalid field
 */
export function validate<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (!result.success) throw Problem.ofFields(result.error.issues.flatMap(fieldErrorsOf));
  return result.data;
}

function fieldErrorsOf(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((field) => ({ field, message: 'is unknown' }));
  }
  return [{ field: issue.path.join('.') || 'body', message: issue.message }];
}
