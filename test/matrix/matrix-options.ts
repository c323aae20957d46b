import { MAJORS } from './postgres-versions.ts';

const USAGE = 'npm run test:matrix -- [--majors <number>,…] [<file or option of Jest> …]';
const OPTION = '--majors';

/** Options of the command. */
export interface MatrixOptions {
  /** On which majors the suite is to run, in this order. */
  readonly majors: readonly number[];
  /** Arguments for Jest. */
  readonly jestArguments: readonly string[];
}

/**
 * Reads the arguments of the command. All but `--majors` are Jest's.
 *
 * @throws Error if `--majors` names no major version, or one that is not supported
 */
export function readMatrixOptions(argv: readonly string[]): MatrixOptions {
  const jestArguments: string[] = [];
  let majors = MAJORS;
  const words = argv.values();
  for (const word of words) {
    if (word === OPTION) majors = readMajors(words.next().value ?? '');
    else if (word.startsWith(`${OPTION}=`)) majors = readMajors(word.slice(OPTION.length + 1));
    else jestArguments.push(word);
  }
  return { majors, jestArguments };
}

function readMajors(list: string): number[] {
  const majors = [...new Set(list.split(',').map((word) => MAJORS.find((major) => String(major) === word)))];
  const known = majors.filter((major) => major !== undefined);
  if (known.length < majors.length) {
    throw new Error(
      `${OPTION} must name some of ${MAJORS.join(', ')}, with commas between.\nUsage: ${USAGE}`,
    );
  }
  return known;
}
