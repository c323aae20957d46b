import type { Middleware } from 'koa';
import { problemOfFailure } from './failure.ts';
import { Problem } from './problem.ts';

const PROBLEM_TYPE = 'application/problem+json';

/** What the client is told where a route or the router has only set a status. */
const DETAILS: Readonly<Record<number, string>> = {
  404: 'There is nothing at this path.',
  405: 'This path does not take this method; the Allow header lists those that it takes.',
};

/**
 * Answers every error as a problem. What is thrown and is no problem becomes one that tells nothing internal.
 *
 * @param log receives one line for each answer with a status of 500 or more
 */
export function answerProblems(log: (line: string) => void): Middleware {
  return async (ctx, next) => {
    let problem: Problem;
    try {
      await next();
      if (ctx.status < 400 || ctx.body) return;
      problem = new Problem(ctx.status, DETAILS[ctx.status] ?? 'The request failed.');
    } catch (error) {
      if (error instanceof Problem) {
        problem = error;
      } else {
        const { answer, cause } = problemOfFailure(error);
        problem = answer;
        log(`${ctx.method} ${ctx.path} answered ${answer.status}: ${cause}`);
      }
    }
    ctx.status = problem.status;
    ctx.set({ ...problem.headers, 'Content-Type': PROBLEM_TYPE });
    ctx.body = problem.toJSON();
  };
}
