import { OnlineMigrationError } from '../change/online-migration-error.ts';

/*
 * Reasons for which a change cannot be written, collected so that a person gets all of them at once.
 */

/**
 * Runs a part of the planning.
 * @param refusals receives its refusal
 * @returns null if it is refused
 * @throws any other error
 */
export async function collecting<T>(
  refusals: OnlineMigrationError[],
  part: () => Promise<T>,
): Promise<T | null> {
  try {
    return await part();
  } catch (error) {
    if (!(error instanceof OnlineMigrationError)) throw error;
    refusals.push(error);
    return null;
  }
}

/**
 * The first refusal, with the messages of all.
 * @param refusals at least one
 */
export function joined(refusals: readonly OnlineMigrationError[]): OnlineMigrationError {
  const first = refusals[0]!;
  first.message = refusals.map(({ message }) => message).join('\n');
  return first;
}
