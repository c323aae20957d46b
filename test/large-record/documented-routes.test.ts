import { expect, it } from '@jest/globals';
import { Router } from '@koa/router';
import { Validator } from '@seriousme/openapi-schema-validator';
import { largeRecord } from '../../src/large-record/feature.ts';
import type { LargeRecordRepository } from '../../src/large-record/repository.ts';
import { addLargeRecordRoutes } from '../../src/large-record/routes.ts';
import { ApiDocumentation } from '../support/documented-answers.ts';

const documentation = await ApiDocumentation.of([largeRecord]);

it('the document of the records is valid OpenAPI 3.1', async () => {
  const { errors } = await new Validator().validate(structuredClone(documentation.document));
  expect(errors).toBeUndefined();
});

it('the document has every route of the records, and no other', () => {
  const router = new Router();
  addLargeRecordRoutes(router, {} as LargeRecordRepository);
  const routes = router.stack.flatMap(({ path, methods }) =>
    methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${String(path)}`),
  );
  const documented = documentation.operations
    .filter(({ path }) => path.includes('large'))
    .map(({ method, path }) => `${method} ${path.replace(/\/$/, '').replaceAll(/\{(\w+)\}/g, ':$1')}`);
  expect(documented.toSorted()).toEqual(routes.toSorted());
});
