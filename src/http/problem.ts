import { STATUS_CODES } from 'node:http';

/** What is wrong with one field of a request. */
export interface FieldError {
  /** The field's name; `body` for the body as a whole. */
  readonly field: string;
  /** What the field must be, without the field's name. */
  readonly message: string;
}

/** What a problem may say beside its status and its detail. */
interface ProblemExtras {
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** The media type of a problem. */
export const PROBLEM_TYPE = 'application/problem+json';

/** An answer that is an error, as the client gets it (RFC 9457, "Problem Details for HTTP APIs"). */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly errors: readonly FieldError[] | undefined;
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  /**
   * @param status of the answer: 400–599
   * @param detail a sentence for the client: what is wrong and what to do
   */
  constructor(status: number, detail: string, { errors, headers = {} }: ProblemExtras = {}) {
    super(detail);
    this.status = status;
    this.errors = errors;
    this.headers = headers;
  }

  /** @returns a problem with status 400 that names each field that is wrong */
  static ofFields(errors: readonly FieldError[]): Problem {
    return new Problem(400, errors.map(({ field, message }) => `${field} ${message}.`).join(' '), { errors });
  }

  /**
   * @param requestId under which the request is found in the logs
   * @returns the body of the answer
   */
  describe(requestId: string): object {
    return {
      // With "about:blank" the problem is what the status says.
      type: 'about:blank',
      title: STATUS_CODES[this.status] ?? 'Error',
      status: this.status,
      detail: this.message,
      ...(this.errors && { errors: this.errors }),
      requestId,
    };
  }
}
