import { Ajv2020 } from 'ajv/dist/2020.js';
import { apiDocument } from '../../src/http/application.ts';
import type { Answer } from './send.ts';

interface Reference {
  readonly $ref?: string;
}

interface DocumentedAnswer extends Reference {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

/** The schema of a parameter or of a property, so far as tests look at it. */
export interface DocumentedSchema extends Reference {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, DocumentedSchema>>;
  readonly required?: readonly string[];
}

/** An operation of the document. */
export interface DocumentedOperation {
  readonly operationId: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly schema: DocumentedSchema;
  }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: DocumentedSchema }>>;
  };
  readonly responses: Readonly<Record<string, DocumentedAnswer>>;
}

const METHODS = ['get', 'post', 'patch', 'delete'] as const;

type PathItem = Readonly<Partial<Record<(typeof METHODS)[number], DocumentedOperation>>>;

const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { int64: true } });
ajv.addSchema(apiDocument, 'api');

const { paths } = apiDocument as unknown as { paths: Readonly<Record<string, PathItem>> };

/** All operations of the document. */
export const documentedOperations = Object.entries(paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method]).map((method) => ({
    method: method.toUpperCase(),
    path,
    operation: item[method]!,
  })),
);

/** What the document has at a reference, or the thing itself where it is none. */
export function dereference<Part extends Reference>(part: Part): Part {
  if (part.$ref === undefined) return part;
  const keys = part.$ref.split('/').slice(1);
  return keys.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], apiDocument) as Part;
}

/** Whether a value is what a schema of the document, without references, asks for. */
export function isValid(schema: object, value: unknown): boolean {
  return ajv.validate(schema, value);
}

/**
 * Compares an answer with the document; one of a path or a method that the document does not have is let through.
 *
 * @throws Error that says what is not as it is documented
 */
export function assertDocumented(method: string, path: string, answer: Answer): void {
  const isHead = method === 'HEAD';
  const found = documentedOperations.find(
    (documented) => documented.method === (isHead ? 'GET' : method) && matches(documented.path, path),
  );
  if (found === undefined) return;
  const what = `${method} ${path} answered ${answer.status}`;
  const response = found.operation.responses[answer.status];
  if (response === undefined) throw new Error(`${what}, which is not in the document: ${answer.text}`);
  const { headers = {}, content } = dereference(response);
  for (const header of Object.keys(headers)) {
    if (!answer.headers.has(header)) throw new Error(`${what} without the header ${header}.`);
  }
  if (!isHead) assertBody(what, content, answer);
}

/** @throws Error where the text is no problem as the document has it */
export function assertProblem(what: string, text: string): void {
  assertValid(what, JSON.parse(text), { $ref: 'api#/components/schemas/Problem' });
}

function assertBody(what: string, content: DocumentedAnswer['content'], { headers, text }: Answer): void {
  if (content === undefined) {
    if (text !== '') throw new Error(`${what} with a body, and the document has none: ${text}`);
    return;
  }
  const type = headers.get('Content-Type')?.split(';')[0] ?? '';
  const documented = content[type];
  if (documented === undefined) throw new Error(`${what} as ${type}, which is not in the document.`);
  assertValid(what, type.endsWith('json') ? JSON.parse(text) : text, absolute(documented.schema));
}

function assertValid(what: string, value: unknown, schema: object): void {
  if (!ajv.validate(schema, value)) {
    throw new Error(`${what}, and ${ajv.errorsText()}: ${JSON.stringify(value)}`);
  }
}

const schemas = new WeakMap<object, object>();

/** The same object for the same schema, so that it is compiled once. */
function absolute(schema: Reference): object {
  const known = schemas.get(schema);
  if (known) return known;
  const made = schema.$ref === undefined ? schema : { $ref: `api${schema.$ref}` };
  schemas.set(schema, made);
  return made;
}

function matches(template: string, path: string): boolean {
  const pattern = template.replace(/\/$/, '').replaceAll(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${pattern}/?$`).test(path);
}
