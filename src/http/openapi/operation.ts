import { z } from 'zod';

/** Part of an OpenAPI document. */
export type DocumentPart = Readonly<Record<string, unknown>>;

/** What a group of routes brings to the document. */
export interface DocumentedRoutes {
  /** Schemas of bodies that clients send, by the name that `body` takes. */
  readonly bodies: Readonly<Record<string, z.ZodType>>;
  /** Schemas of answers, by the name that `json` takes. */
  readonly answers: Readonly<Record<string, z.ZodType>>;
  /** By path, and then by method in small letters. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** What a route takes and answers. */
export interface Operation {
  /** Unique in the document: what a generated client calls it. */
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly DocumentPart[];
  readonly requestBody?: DocumentPart;
  /** By status; every other is a problem. */
  readonly responses: Readonly<Record<number, DocumentPart>>;
}

/** Problems that routes answer, and what brings them about. */
export const PROBLEMS = {
  400: 'The request is wrong; `errors` names each field.',
  404: 'There is nothing of this id.',
  408: 'The body did not arrive in time.',
  413: 'The body is greater than 100 kB.',
  415: 'The body is not JSON in UTF-8, or has a content encoding.',
  500: 'The server failed; its log has the reason, under the `requestId`.',
  503: 'The database does not answer at the moment. Of a write, `detail` says whether it may have been done.',
} as const;

/** The header that every answer has. */
export const REQUEST_ID = { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' } };

/** Reference to a schema by its name. */
export function schemaOf(name: string): DocumentPart {
  return { $ref: `#/components/schemas/${name}` };
}

/**
 * @param description when it is answered
 * @param schema name of the schema of the body
 * @param headers that the answer has beside those of every one
 */
export function json(description: string, schema: string, headers: DocumentPart = {}): DocumentPart {
  return {
    description,
    headers: { ...REQUEST_ID, ...headers },
    content: { 'application/json': { schema: schemaOf(schema) } },
  };
}

/** The problems of these statuses, for the responses of an operation. */
export function problems(...statuses: (keyof typeof PROBLEMS)[]): Record<number, DocumentPart> {
  return Object.fromEntries(
    statuses.map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]),
  );
}

/** @param schema name of the schema of the body that the client sends */
export function body(schema: string): DocumentPart {
  return { required: true, content: { 'application/json': { schema: schemaOf(schema) } } };
}

/**
 * The parameters that a schema takes, as they are meant: a number of a URL is a text only to the code that reads it.
 *
 * @param place where they are
 * @param schema has a key for each; what it gives for an absent one is the default
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
