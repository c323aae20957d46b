import { AsyncLocalStorage } from 'node:async_hooks';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Frames between a statement and the application: MikroORM, Kysely and this package. */
const MOST_FRAMES = 100;
const PACKAGE = join(import.meta.dirname, '../..');
const OTHERS = [PACKAGE + sep, `${pathToFileURL(PACKAGE).href}/`, 'node_modules', 'node:', '<anonymous>'];
const LINE = /\(?((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/;

const callers = new AsyncLocalStorage<Error>();

/** Keeps the stack of the present call for {@link sendingLine}: behind an `await`, the stack can end in MikroORM. */
export function keepCaller<T>(call: () => T): T {
  return callers.run(stackHere(), call);
}

/** The line of the application that the present call comes from: `file:line:column`; null if no stack reaches it. */
export function sendingLine(): string | null {
  const stacks = [stackHere(), callers.getStore()].flatMap(
    (error) => error?.stack?.split('\n').slice(1) ?? [],
  );
  const frame = stacks.find((line) => LINE.test(line) && !OTHERS.some((other) => line.includes(other)));
  return frame === undefined ? null : LINE.exec(frame)![1]!;
}

function stackHere(): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = MOST_FRAMES;
  const error = new Error('for its stack');
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}
