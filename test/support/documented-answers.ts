import { Ajv2020 } from 'ajv/dist/2020.js';
import { apiDocumentOf, loadRoutes } from '../../src/http/application.ts';
import type { Feature, FeatureRoutes } from '../../src/http/feature.ts';

interface Reference {
  readonly $ref?: string;
}

interface DocumentedAnswer extends Reference {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

/** The schema of a parameter or property, as far as tests read it. */
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

/** An answer, as far as the document specifies it. */
interface ComparedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const METHODS = ['get', 'post', 'patch', 'delete'] as const;

type PathItem = Readonly<Partial<Record<(typeof METHODS)[number], DocumentedOperation>>>;

/** The OpenAPI document of some features, for comparison with answers. */
export class ApiDocumentation {
  readonly document: Readonly<Record<string, unknown>>;
  /** All operations of the document. */
  readonly operations: readonly {
    readonly method: string;
    readonly path: string;
    readonly operation: DocumentedOperation;
  }[];
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, formats: { int64: true } });
  readonly #schemas = new WeakMap<object, object>();

  /** Loads the routes of the features. */
  static async of(features: readonly Feature[]): Promise<ApiDocumentation> {
    return new ApiDocumentation(await loadRoutes(features));
  }

  private constructor(routes: readonly FeatureRoutes[]) {
    const document = apiDocumentOf(routes);
    const { paths } = document as unknown as { paths: Readonly<Record<string, PathItem>> };
    this.document = document;
    this.operations = Object.entries(paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => ({
        method: method.toUpperCase(),
        path,
        operation: item[method]!,
      })),
    );
    this.#ajv.addSchema(document, 'api');
  }

  /** Resolves a reference; returns anything else unchanged. */
  dereference<Part extends Reference>(part: Part): Part {
    if (part.$ref === undefined) return part;
    const keys = part.$ref.split('/').slice(1);
    return keys.reduce<unknown>(
      (value, key) => (value as Record<string, unknown>)[key],
      this.document,
    ) as Part;
  }

  /** Whether a value is valid by a schema of the document. The schema has no references. */
  isValid(schema: object, value: unknown): boolean {
    return this.#ajv.validate(schema, value);
  }

  /**
   * Compares an answer with the document. Answers of undocumented paths and methods are not checked.
   *
   * @throws Error that describes the difference
   */
  assertDocumented(method: string, path: string, answer: ComparedAnswer): void {
    const isHead = method === 'HEAD';
    const found = this.operations.find(
      (documented) => documented.method === (isHead ? 'GET' : method) && matches(documented.path, path),
    );
    if (found === undefined) return;
    const what = `${method} ${path} answered ${answer.status}`;
    const response = found.operation.responses[answer.status];
    if (response === undefined) throw new Error(`${what}, which is not in the document: ${answer.text}`);
    const { headers = {}, content } = this.dereference(response);
    for (const header of Object.keys(headers)) {
      if (!answer.headers.has(header)) throw new Error(`${what} without the header ${header}.`);
    }
    if (!isHead) this.#assertBody(what, content, answer);
  }

  /** @throws Error if the text is not a problem as documented */
  assertProblem(what: string, text: string): void {
    this.#assertValid(what, JSON.parse(text), { $ref: 'api#/components/schemas/Problem' });
  }

  #assertBody(what: string, content: DocumentedAnswer['content'], { headers, text }: ComparedAnswer): void {
    if (content === undefined) {
      if (text !== '') throw new Error(`${what} with a body, and the document has none: ${text}`);
      return;
    }
    const type = headers.get('Content-Type')?.split(';')[0] ?? '';
    const documented = content[type];
    if (documented === undefined) throw new Error(`${what} as ${type}, which is not in the document.`);
    this.#assertValid(
      what,
      type.endsWith('json') ? JSON.parse(text) : text,
      this.#absolute(documented.schema),
    );
  }

  #assertValid(what: string, value: unknown, schema: object): void {
    if (!this.#ajv.validate(schema, value)) {
      throw new Error(`${what}, and ${this.#ajv.errorsText()}: ${JSON.stringify(value)}`);
    }
  }

  /** Returns the same object for the same schema, so that it is compiled once. */
  #absolute(schema: Reference): object {
    const known = this.#schemas.get(schema);
    if (known) return known;
    const made = schema.$ref === undefined ? schema : { $ref: `api${schema.$ref}` };
    this.#schemas.set(schema, made);
    return made;
  }
}

function matches(template: string, path: string): boolean {
  const pattern = template.replace(/\/$/, '').replaceAll(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${pattern}/?$`).test(path);
}

/** By origin: `http://127.0.0.1:3000`. */
const served = new Map<string, ApiDocumentation>();

/**
 * Compares all further answers of a URL with the document of these features.
 *
 * @returns a function that stops this
 */
export async function documentAnswers(url: string, features: readonly Feature[]): Promise<Disposable> {
  const { origin } = new URL(url);
  served.set(origin, await ApiDocumentation.of(features));
  return { [Symbol.dispose]: () => void served.delete(origin) };
}

/** The document for the server at a URL; undefined if there is none. */
export function documentationOf(url: string): ApiDocumentation | undefined {
  return served.get(new URL(url).origin);
}
