import { OnlineMigrationError } from '../change/online-migration-error.ts';

/** A name in SQL quotes, or a text without a comma, and the comma or the end after it. */
const NAME = /\s*("(?:[^"]|"")+"|[^,]*?)\s*(,|$)/y;

/**
 * Reads the names of `--columns`: `created_at,"Updated, at"`. A name with a comma needs SQL quotes.
 * @throws OnlineMigrationError if a name is empty
 */
export function columnNames(text: string): string[] {
  const names: string[] = [];
  NAME.lastIndex = 0;
  for (let isLast = false; !isLast;) {
    const [, name = '', end] = NAME.exec(text) ?? [];
    if (name === '') {
      throw new OnlineMigrationError(
        'WRONG_USAGE',
        `--columns ${text}: a name is empty. Give the names with a comma between them: --columns created_at,updated_at.`,
      );
    }
    names.push(name);
    isLast = end === '';
  }
  return names;
}
