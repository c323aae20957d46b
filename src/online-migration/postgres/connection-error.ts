const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Classes of SQLSTATEs that are a matter of the server: their messages repeat no value of a statement. */
const MATTER_OF_SERVER = /^(08|25|40|53|55|57|58)/;

/** What failed, in a few words for a log; no value of a statement is in it. */
export function describeConnectionError(error: unknown): string {
  if (!(error instanceof Error)) return 'something was thrown that is no error';
  const code = 'code' in error ? String(error.code) : '';
  if (SQLSTATE.test(code) && !MATTER_OF_SERVER.test(code)) return `SQLSTATE ${code}`;
  const [firstLine] = error.message.split('\n');
  // Several addresses of one host that all refuse are one error with a code and no message.
  return firstLine || code || error.name;
}
