import type { Router } from '@koa/router';
import type { DocumentPart } from './operation.ts';

/**
 * Adds `/openapi.json`.
 *
 * @param router receives the route
 * @param document what it answers
 */
export function addOpenApiRoute(router: Router, document: DocumentPart): void {
  const text = JSON.stringify(document);
  router.get('/openapi.json', (ctx) => {
    ctx.type = 'json';
    ctx.body = text;
  });
}
