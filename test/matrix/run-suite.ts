import { existsSync } from 'node:fs';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { runNpm } from './run-npm.ts';

/** How a run of the suite went. */
export interface SuiteResult {
  readonly passed: number;
  /** Tests that failed, and test files that could not be run. */
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  /** Jest's own word on it. */
  readonly isGood: boolean;
}

const jestResult = z.object({
  success: z.boolean(),
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numRuntimeErrorTestSuites: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
});

/** `npm test` leaves out the suites of breadth as well: variants of the cases that it runs. */
const LEFT_OUT = '/node_modules/';
const SLOW = String.raw`\.long\.test\.ts$`;

/**
 * Runs all tests but the slow ones, or the slow ones that an argument names.
 *
 * @param variables of the environment, which say against which server
 * @param jestArguments handed on to Jest
 * @param signal ends the run
 * @throws Error if Jest ends without a result, for example if its arguments are wrong or it finds no test
 */
export async function runSuite(
  variables: NodeJS.ProcessEnv,
  jestArguments: readonly string[],
  signal: AbortSignal,
): Promise<SuiteResult> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'suite-'));
  const file = join(folder.path, 'result.json');
  const began = performance.now();
  const leftOut = jestArguments.some((argument) => new RegExp(SLOW).test(argument)) ? [] : [SLOW];
  const options = ['--testPathIgnorePatterns', LEFT_OUT, ...leftOut, '--json', `--outputFile=${file}`];
  await runNpm(['test', '--', ...options, ...jestArguments], signal, variables);
  const seconds = (performance.now() - began) / 1000;
  if (!existsSync(file)) throw new Error('Jest has ended without a result: what it says is above.');
  const result = jestResult.parse(JSON.parse(await readFile(file, 'utf8')));
  return {
    passed: result.numPassedTests,
    failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
    skipped: result.numPendingTests + result.numTodoTests,
    seconds,
    isGood: result.success,
  };
}
