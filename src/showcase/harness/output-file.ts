import { constants } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Checks an output file early, so that a long command fails at its start, not at its end. An existing file is opened,
 * because its permissions do not tell everything, and stays as it is.
 *
 * @param option that names the file, for the error
 * @throws Error with a sentence if the file cannot be written
 */
export async function refuseUnwritable(option: string, file: string): Promise<void> {
  try {
    if (!(await opensForWriting(file))) await access(dirname(resolve(file)), constants.W_OK);
  } catch (cause) {
    throw new Error(`${option} ${file} cannot be written: name a file in a folder of yours.`, { cause });
  }
}

/**
 * @returns false if the file does not exist
 * @throws the system's error if it exists and cannot be written
 */
async function opensForWriting(file: string): Promise<boolean> {
  try {
    await using _handle = await open(file, constants.O_WRONLY);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
