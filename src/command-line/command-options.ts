import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { OnlineMigrationError } from 'online-migration';

const FILE_ERROR = 'must be a file name';
const SEED_BOUND = 2 ** 31;

/**
 * Reads a command's options.
 *
 * @param argv what was written behind the command's name
 * @param usage how the command is called; closes every error
 * @param schema the options by name: a text for `--name value`, true for `--name`
 * @throws OnlineMigrationError with a sentence for each option that is wrong
 */
export function readOptions<Schema extends z.ZodObject>(
  argv: readonly string[],
  usage: string,
  schema: Schema,
): z.output<Schema> {
  const options = Object.fromEntries(
    Object.entries(schema.shape).map(([name, type]) => [
      name,
      { type: z.safeParse(type as z.ZodType, true).success ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  // Not strict: the parser's own errors speak of its ways, these here of the option.
  const { values, positionals } = parseArgs({ args: [...argv], options, strict: false });
  const { data, error } = schema.safeParse({ ...values });
  const faults = [
    ...positionals.map((word) => `"${word}" is no option.`),
    ...(error?.issues ?? []).map(describeFault),
  ];
  if (data === undefined || faults.length > 0) throw usageError(faults, usage);
  return data;
}

/**
 * The error of a command that was called with wrong arguments.
 * @param faults a sentence for each argument that is wrong
 * @param usage how the command is called
 */
export function usageError(faults: readonly string[], usage: string): OnlineMigrationError {
  return new OnlineMigrationError('WRONG_USAGE', `${faults.join('\n')}\nUsage: ${usage}`, { faults, usage });
}

/** A flag such as `--append`. */
export const flag = z.literal(true, { error: 'takes no value' }).optional().transform(Boolean);

/** A whole number, written in digits alone. */
export function wholeNumber(least: number, greatest: number) {
  const error = `must be a whole number from ${least} to ${greatest}`;
  return z
    .string({ error })
    .regex(/^\d+$/, { error })
    .transform(Number)
    .refine((value) => value >= least && value <= greatest, { error });
}

/** The name of a file. */
export const fileName = z.string({ error: FILE_ERROR }).min(1, { error: FILE_ERROR });

/** The seed of random choices; a random one where none is given. */
export const randomSeed = wholeNumber(0, SEED_BOUND - 1).default(() => randomInt(SEED_BOUND));

function describeFault(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') {
    return `There is no option ${issue.keys.map((key) => `--${key}`).join(', ')}.`;
  }
  return `--${issue.path.join('.')} ${issue.message}.`;
}
