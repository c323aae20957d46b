import type { Router } from '@koa/router';
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
 * Builds the OpenAPI 3.1 document from the schemas that the routes validate with.
 *
 * @param groups the documented routes
 */
export function buildDocument(groups: readonly DocumentedRoutes[]): DocumentPart {
  const merged = <Key extends keyof DocumentedRoutes>(key: Key): DocumentedRoutes[Key] =>
    Object.assign({}, ...groups.map((group) => group[key])) as DocumentedRoutes[Key];
  return {
    openapi: '3.1.1',
    info: {
      title: 'Application',
      version: '1.0.0',
      description: 'Every error is a problem (RFC 9457). Every path that accepts GET also accepts HEAD.',
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
        'X-Request-Id': { description: 'Id of the request in the logs.', schema: { type: 'string' } },
      },
      responses: {
        ...Object.fromEntries(
          Object.entries(PROBLEMS).map(([status, description]) => [
            `Problem${status}`,
            problem(description, status === '503' ? RETRY_AFTER : {}),
          ]),
        ),
        Problem: problem('The request is not valid for this path or for HTTP.'),
      },
    },
  };
}

/**
 * Adds `/openapi.json`.
 *
 * @param router receives the route
 * @param document the answer
 */
export function addOpenApiRoute(router: Router, document: DocumentPart): void {
  const text = JSON.stringify(document);
  router.get('/openapi.json', (ctx) => {
    ctx.type = 'json';
    ctx.body = text;
  });
}

const requestIdParameter = {
  name: 'X-Request-Id',
  in: 'header',
  description: 'Your own id for the request in the logs.',
  schema: { type: 'string', pattern: String.raw`^[\w.:=+/-]{1,128}$` },
};

const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds to wait before a retry.', schema: { type: 'string' } },
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

/** Converts schemas that refer to each other. */
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
    // The document declares the dialect, and its location identifies each schema.
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
