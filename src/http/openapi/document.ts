import { z } from 'zod';
import {
  type DocumentedRoutes,
  type DocumentPart,
  type Operation,
  PROBLEMS,
  REQUEST_ID,
  schemaOf,
} from './operation.ts';

/**
 * Builds the OpenAPI 3.1 document of the API, from the schemas that its routes read with.
 *
 * @param groups the routes
 */
export function buildDocument(groups: readonly DocumentedRoutes[]): DocumentPart {
  const merged = <Key extends keyof DocumentedRoutes>(key: Key): DocumentedRoutes[Key] =>
    Object.assign({}, ...groups.map((group) => group[key])) as DocumentedRoutes[Key];
  return {
    openapi: '3.1.1',
    info: {
      title: 'Application',
      version: '1.0.0',
      description: 'Every error is a problem as RFC 9457 has it. HEAD is answered wherever GET is.',
    },
    paths: mapValues(merged('paths'), (operations) => ({
      parameters: [{ $ref: '#/components/parameters/X-Request-Id' }],
      ...mapValues(operations, withDefault),
    })),
    components: {
      schemas: {
        ...jsonSchemasOf(merged('bodies'), 'input'),
        ...jsonSchemasOf(merged('answers'), 'output'),
      },
      parameters: { 'X-Request-Id': requestIdParameter },
      headers: {
        'X-Request-Id': { description: 'Under which the logs have the request.', schema: { type: 'string' } },
      },
      responses: {
        ...Object.fromEntries(
          Object.entries(PROBLEMS).map(([status, description]) => [
            `Problem${status}`,
            problem(description, status === '503' ? RETRY_AFTER : {}),
          ]),
        ),
        Problem: problem('The request is not what this path, or HTTP, takes.'),
      },
    },
  };
}

const requestIdParameter = {
  name: 'X-Request-Id',
  in: 'header',
  description: 'An id of your own, under which the logs are to have the request.',
  schema: { type: 'string', pattern: String.raw`^[\w.:=+/-]{1,128}$` },
};

const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds after which to ask again.', schema: { type: 'string' } },
};

function problem(description: string, headers: DocumentPart = {}): DocumentPart {
  return {
    description,
    headers: { ...REQUEST_ID, ...headers },
    content: { 'application/problem+json': { schema: schemaOf('Problem') } },
  };
}

function withDefault(operation: Operation): Operation {
  const responses = { ...operation.responses, default: { $ref: '#/components/responses/Problem' } };
  return { ...operation, responses };
}

/** Schemas that name each other by reference. */
function jsonSchemasOf(
  schemas: Readonly<Record<string, z.ZodType>>,
  io: 'input' | 'output',
): Record<string, DocumentPart> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const { schemas: jsonSchemas } = z.toJSONSchema(registry, {
    io,
    uri: (id) => `#/components/schemas/${id}`,
    unrepresentable: 'any',
  });
  for (const schema of Object.values(jsonSchemas)) {
    // They are of the document's dialect, and found by where they are in it.
    delete schema.$schema;
    delete schema.$id;
  }
  return jsonSchemas;
}

function mapValues<Value, Result>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
