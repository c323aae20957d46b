import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Checks an output file early, so that a long command fails at its start, not at its end.
 *
 * @param option that names the file, for the error
 * @throws Error with a sentence if the file cannot be written
 */
export async function refuseUnwritable(option: string, file: string): Promise<void> {
  try {
    await access(dirname(resolve(file)), constants.W_OK);
    if ((await stat(file).catch(() => undefined))?.isDirectory()) throw new Error('It is a folder.');
  } catch (cause) {
    throw new Error(`${option} ${file} cannot be written: name a file in a folder of yours.`, { cause });
  }
}
