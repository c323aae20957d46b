import { STATUS_CODES } from 'node:http';

/** An invalid field of a request. */
export interface FieldError {
  /** The field's name; `body` for the whole body. */
  readonly field: string;
  /** The requirement, without the field's name. */
  readonly message: string;
}

/** Optional parts of a problem. */
interface ProblemExtras {
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** The media type of a problem. */
export const PROBLEM_TYPE = 'application/problem+json';

/** An error answer (RFC 9457, "Problem Details for HTTP APIs"). */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly errors: readonly FieldError[] | undefined;
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  /**
   * @param status of the answer: 400–599
   * @param detail a sentence for the client: the error and the remedy
   */
  constructor(status: number, detail: string, { errors, headers = {} }: ProblemExtras = {}) {
    super(detail);
    this.status = status;
    this.errors = errors;
    this.headers = headers;
  }

  /** @returns a problem with status 400 that names each invalid field */
  static ofFields(errors: readonly FieldError[]): Problem {
    return new Problem(400, errors.map(({ field, message }) => `${field} ${message}.`).join(' '), { errors });
  }

  /**
   * @param requestId id of the request in the logs
   * @returns the body of the answer
   */
  describe(requestId: string): object {
    return {
      // "about:blank" means that the status alone identifies the problem.
      type: 'about:blank',
      title: STATUS_CODES[this.status] ?? 'Error',
      status: this.status,
      detail: this.message,
      ...(this.errors && { errors: this.errors }),
      requestId,
    };
  }
}
