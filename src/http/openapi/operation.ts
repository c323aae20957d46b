import { z } from 'zod';

/** Part of an OpenAPI document. */
export type DocumentPart = Readonly<Record<string, unknown>>;

/** The documentation of a group of routes. */
export interface DocumentedRoutes {
  /** Schemas of request bodies, by the name passed to `body`. */
  readonly bodies: Readonly<Record<string, z.ZodType>>;
  /** Schemas of answers, by the name passed to `json`. */
  readonly answers: Readonly<Record<string, z.ZodType>>;
  /** Operations by path, then by lower-case method. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** The parameters, body and responses of a route. */
export interface Operation {
  /** Unique in the document. Generated clients use it as the method's name. */
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly DocumentPart[];
  readonly requestBody?: DocumentPart;
  /** Responses by status. `default` is a problem. */
  readonly responses: Readonly<Record<number, DocumentPart>>;
}

/** Problems that routes answer, and their causes. */
export const PROBLEMS = {
  400: 'The request is wrong; `errors` names each field.',
  404: 'There is nothing with this id.',
  408: 'The body did not arrive in time.',
  413: 'The body exceeds 100 kB.',
  415: 'The body is not JSON in UTF-8, or has a content encoding.',
  500: 'The server failed. Its log contains the reason, under the `requestId`.',
  503: 'The database is unavailable. After a write, `detail` tells whether it may have been done.',
} as const;

/** The header of every answer. */
export const REQUEST_ID = { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' } };

/** Reference to a schema by its name. */
export function schemaOf(name: string): DocumentPart {
  return { $ref: `#/components/schemas/${name}` };
}

/**
 * @param description when the route answers so
 * @param schema name of the body's schema
 * @param headers specific to this answer
 */
export function json(description: string, schema: string, headers: DocumentPart = {}): DocumentPart {
  return {
    description,
    headers: { ...REQUEST_ID, ...headers },
    content: { 'application/json': { schema: schemaOf(schema) } },
  };
}

/** The problems with these statuses, for an operation's responses. */
export function problems(...statuses: (keyof typeof PROBLEMS)[]): Record<number, DocumentPart> {
  return Object.fromEntries(
    statuses.map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]),
  );
}

/** @param schema name of the request body's schema */
export function body(schema: string): DocumentPart {
  return { required: true, content: { 'application/json': { schema: schemaOf(schema) } } };
}

/**
 * Lists a schema's parameters with their meant types: a number in a URL is text only for the validating code.
 *
 * @param place of the parameters
 * @param schema has a key per parameter; its result for a missing value is the default
 */
export function parametersOf(place: 'path' | 'query', schema: z.ZodObject): DocumentPart[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' });
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: !schema.shape[name]!.safeParse(undefined).success,
    schema: property,
  }));
}
