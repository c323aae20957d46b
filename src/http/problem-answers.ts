import type { Middleware } from 'koa';
import { problemOfFailure } from './failure.ts';
import { Problem, PROBLEM_TYPE } from './problem.ts';
import type { RequestState } from './request-record.ts';

/** What the client is told where a route or the router has only set a status. */
const DETAILS: Readonly<Record<number, string>> = {
  404: 'There is nothing at this path.',
  405: 'This path does not take this method; the Allow header lists those that it takes.',
};

/** Answers every error as a problem. What is thrown and is no problem becomes one that tells nothing internal. */
export const answerProblems: Middleware = async (ctx, next) => {
  const state = ctx.state as RequestState;
  let problem: Problem;
  try {
    await next();
    if (ctx.status < 400 || ctx.body) return;
    problem = new Problem(ctx.status, DETAILS[ctx.status] ?? 'The request failed.');
  } catch (error) {
    if (error instanceof Problem) {
      problem = error;
    } else {
      const { answer, cause } = problemOfFailure(error, ctx.method);
      problem = answer;
      state.cause = cause;
    }
  }
  ctx.status = problem.status;
  ctx.set({ ...problem.headers, 'Content-Type': PROBLEM_TYPE });
  ctx.body = problem.describe(state.requestId);
};
