import { inspect } from 'node:util';

/**
 * An error for the person at the terminal: its message is a sentence that says what is wrong, where, and what to do
 * next. Printed, it is that sentence and no stack; the stack is there for who asks for it.
 */
export abstract class OnlineMigrationError extends Error {
  [inspect.custom](): string {
    return this.message;
  }
}
