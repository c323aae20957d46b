import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { OnlineMigrationError } from 'online-migration';

/** Not an error: the command was called with `--help`. Its message is the usage. */
export class HelpWanted extends Error {
  override readonly name = 'HelpWanted';
}

const FILE_ERROR = 'must be a file name';
const SEED_BOUND = 2 ** 31;

/**
 * Parses a command's options.
 *
 * @param argv the arguments after the command's name
 * @param usage how to call the command; every error ends with it
 * @param schema the options by name: a string for `--name value`, true for `--name`
 * @throws HelpWanted for `--help`
 * @throws OnlineMigrationError with one sentence for each wrong option
 */
export function readOptions<Schema extends z.ZodObject>(
  argv: readonly string[],
  usage: string,
  schema: Schema,
): z.output<Schema> {
  if (argv.includes('--help')) throw new HelpWanted(`Usage: ${usage}`);
  const options = Object.fromEntries(
    Object.entries(schema.shape).map(([name, type]) => [
      name,
      { type: z.safeParse(type as z.ZodType, true).success ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  // Not strict: the parser's own errors explain its syntax, not the wrong option.
  const { values, positionals } = parseArgs({ args: [...argv], options, strict: false });
  const { data, error } = schema.safeParse({ ...values });
  const faults = [
    ...positionals.map((word) => `"${word}" is not an option.`),
    ...(error?.issues ?? []).map(describeFault),
  ];
  if (data === undefined || faults.length > 0) throw usageError(faults, usage);
  return data;
}

/**
 * The error of a command called with wrong arguments.
 * @param faults one sentence for each wrong argument
 * @param usage how to call the command
 */
function usageError(faults: readonly string[], usage: string): OnlineMigrationError {
  return new OnlineMigrationError('WRONG_USAGE', `${faults.join('\n')}\nUsage: ${usage}`, { faults, usage });
}

/** A flag such as `--append`. */
export const flag = z.literal(true, { error: 'takes no value' }).optional().transform(Boolean);

/** A whole number, written in digits only. */
export function wholeNumber(least: number, greatest: number) {
  const error = `must be a whole number from ${least} to ${greatest}`;
  return z
    .string({ error })
    .regex(/^\d+$/, { error })
    .transform(Number)
    .refine((value) => value >= least && value <= greatest, { error });
}

/** Whole numbers with commas between them, each one once. */
export function wholeNumbers(least: number, greatest: number) {
  const error = `must be whole numbers from ${least} to ${greatest}, with commas between them`;
  return z
    .string({ error })
    .regex(/^\d+(?:,\d+)*$/, { error })
    .transform((text) => [...new Set(text.split(',').map(Number))])
    .refine((values) => values.every((value) => value >= least && value <= greatest), { error });
}

/** A file name. */
export const fileName = z.string({ error: FILE_ERROR }).min(1, { error: FILE_ERROR });

/** The seed of random choices. If it is missing, a random seed is used. */
export const randomSeed = wholeNumber(0, SEED_BOUND - 1).default(() => randomInt(SEED_BOUND));

function describeFault(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') {
    return `There is no option ${issue.keys.map((key) => `--${key}`).join(', ')}.`;
  }
  return `--${issue.path.join('.')} ${issue.message}.`;
}
