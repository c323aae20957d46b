import type { Middleware } from 'koa';
import { problemOfFailure } from './failure.ts';
import { Problem, PROBLEM_TYPE } from './problem.ts';
import type { RequestState } from './request-record.ts';

/** Details if a route or the router has only set a status. */
const DETAILS: Readonly<Record<number, string>> = {
  404: 'There is nothing at this path.',
  405: 'This path does not accept this method. The Allow header lists the accepted methods.',
};

/** Answers every error as a problem. An unexpected error becomes a problem without internal details. */
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
