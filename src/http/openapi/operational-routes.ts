import { z } from 'zod';
import { STAGES } from 'online-migration';
import { type DocumentedRoutes, json, problems, REQUEST_ID } from './operation.ts';

const healthSchema = z.strictObject({ status: z.literal('ok') });

const changeStatusSchema = z.strictObject({
  change: z.string().meta({ examples: ['public.orders.total'] }),
  stage: z.enum(STAGES),
  activeColumn: z.string(),
  backfill: z
    .strictObject({
      rowsDone: z.int().nonnegative(),
      rowsTotal: z.int().nonnegative(),
      percent: z.number().min(0).max(100),
      rowsPerSecond: z.int().nonnegative(),
      etaSeconds: z.int().nonnegative().nullable(),
    })
    .nullable(),
});

const statusSchema = z.strictObject({ changes: z.array(changeStatusSchema) });

const problemSchema = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  errors: z.array(z.strictObject({ field: z.string(), message: z.string() })).optional(),
  requestId: z.string(),
});

/** The routes for operators. */
export const operationalRoutes: DocumentedRoutes = {
  bodies: {},
  answers: { Health: healthSchema, Problem: problemSchema, Status: statusSchema },
  paths: {
    '/status': {
      get: {
        operationId: 'getStatus',
        summary: 'The stage of each column change and the column that this process uses.',
        responses: { 200: json('The status.', 'Status'), ...problems(500, 503) },
      },
    },
    '/healthz': {
      get: {
        operationId: 'getHealth',
        summary: 'Whether the process is alive.',
        responses: { 200: json('The process answers.', 'Health') },
      },
    },
    '/readyz': {
      get: {
        operationId: 'getReadiness',
        summary: 'Whether the process accepts requests, its database answers, and the database is migrated.',
        responses: {
          200: json('The process accepts requests, and its database answers and is migrated.', 'Health'),
          ...problems(503),
        },
      },
    },
    '/metrics': {
      get: {
        operationId: 'getMetrics',
        summary: 'Metrics for Prometheus.',
        responses: { 200: other('The metrics, in the text format.', 'text/plain', { type: 'string' }) },
      },
    },
    '/openapi.json': {
      get: {
        operationId: 'getDocument',
        summary: 'This document.',
        responses: { 200: other('The document.', 'application/json', { type: 'object' }) },
      },
    },
  },
};

function other(description: string, type: string, schema: object): Record<string, unknown> {
  return { description, headers: REQUEST_ID, content: { [type]: { schema } } };
}
