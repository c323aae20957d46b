import type { ApiDocumentation, DocumentedSchema } from '../../../support/documented-answers.ts';
import type { Chance } from './chance.ts';
import { type HostileRequest, REFUSED } from './hostile-request.ts';
import { request } from './message.ts';
import { INJECTIONS, NO_TIMESTAMPS, NO_NAMES, NO_NUMBERS, NO_TEXTS, UNKNOWN_KEYS } from './values.ts';

/** A documented request with one parameter or property that violates its schema. */
export function wrongPlace(chance: Chance, documentation: ApiDocumentation): HostileRequest {
  const { method, path, operation } = chance.of(
    documentation.operations.filter(
      ({ operation: { parameters, requestBody } }) => parameters ?? requestBody,
    ),
  );
  const parameters = operation.parameters ?? [];
  const wrong = chance.below(parameters.length + (operation.requestBody ? 2 : 0));
  const query: string[] = [];
  let target = path;
  for (const [index, { name, in: place, schema }] of parameters.entries()) {
    const value = index === wrong ? wrongNumber(chance, schema) : String(schema.minimum);
    // An empty path segment leads to another path.
    if (place === 'path') target = target.replace(`{${name}}`, value || '%20');
    else query.push(`${name}=${value}`);
  }
  if (query.length > 0) target += `?${query.join('&')}`;
  const schema = operation.requestBody?.content['application/json']?.schema;
  const body = schema && bodyOf(chance, documentation, schema, wrong >= parameters.length);
  return request('a wrong place', method, target, REFUSED, { body });
}

function wrongNumber(chance: Chance, { minimum, maximum }: DocumentedSchema): string {
  const bounds = [minimum! - 1, ...(maximum === undefined ? [] : [maximum + 1])];
  return chance.of([...bounds.map(String), ...NO_NUMBERS]);
}

/** A body that matches the schema of an object, or violates it in one place. */
function bodyOf(
  chance: Chance,
  documentation: ApiDocumentation,
  schema: DocumentedSchema,
  isWrong: boolean,
): string {
  const { properties = {}, required = [] } = documentation.dereference(schema);
  const values = Object.entries(properties).map(
    ([key, { examples }]) => [JSON.stringify(key), JSON.stringify(examples?.[0] ?? 'x')] as [string, string],
  );
  if (isWrong) {
    const kinds = [
      () => values.push([JSON.stringify(chance.of(UNKNOWN_KEYS)), chance.of(['1', '{"name":"y"}', 'null'])]),
      () => values.push([`"${'k'.repeat(1 + chance.below(50_000))}"`, '1']),
      () => {
        const value = chance.of(values);
        value[1] = wrongValue(chance, documentation, properties[JSON.parse(value[0]) as string]!);
      },
    ];
    if (required.length > 0) {
      kinds.push(() => values.splice(0, values.length, [JSON.stringify('other'), '1']));
    }
    chance.of(kinds)();
  }
  return `{${values.map(([key, value]) => `${key}:${value}`).join()}}`;
}

function wrongValue(chance: Chance, documentation: ApiDocumentation, schema: DocumentedSchema): string {
  const { maxLength } = schema;
  const long =
    maxLength === undefined ? [] : ['x', '😀'].map((text) => JSON.stringify(text.repeat(maxLength + 1)));
  const odd = [...NO_TEXTS, ...NO_NAMES, ...NO_TIMESTAMPS, ...INJECTIONS.map((text) => JSON.stringify(text))];
  // A schema cannot express every rule. Values that it accepts may be valid.
  return chance.of([...long, ...odd].filter((json) => !documentation.isValid(schema, JSON.parse(json))));
}
