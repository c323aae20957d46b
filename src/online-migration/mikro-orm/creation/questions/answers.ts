import { OnlineMigrationError } from '../../../change/online-migration-error.ts';

/**
 * The answers that a new migration needs from a person. Names are as in the catalog, with or without the table and the schema:
 * `note`, `orders.note`, `shop.orders.note`.
 */
export interface Answers {
  /** The new names of columns, tables and enum labels by their old ones. */
  readonly renames: ReadonlyMap<string, string>;
  /** Columns, tables and enum labels whose values are not needed any more. */
  readonly drops: ReadonlySet<string>;
  /** SQL expressions for the rows that are older than a required column, by the column. */
  readonly fills: ReadonlyMap<string, string>;
}

export const NO_ANSWERS: Answers = { renames: new Map(), drops: new Set(), fills: new Map() };

/** The options of a command that answer. */
export interface AnswerOptions {
  /** `note=remark` */
  readonly rename?: readonly string[];
  /** `legacy_score` */
  readonly drop?: readonly string[];
  /** `extra='new'` */
  readonly fill?: readonly string[];
}

/**
 * Reads answers from the options of a command.
 * @throws OnlineMigrationError if one has no `=`, or if two contradict each other
 */
export function answersFrom({ rename = [], drop = [], fill = [] }: AnswerOptions): Answers {
  const renames = pairsOf('--rename', rename, 'the old name, `=` and the new name: --rename note=remark');
  const fills = pairsOf('--fill', fill, 'the column, `=` and an SQL expression: --fill "extra=\'new\'"');
  const both = drop.find((name) => renames.has(name));
  if (both !== undefined) {
    throw new OnlineMigrationError(
      'WRONG_USAGE',
      `--rename and --drop both name ${both}, and nothing was written. Give one of the two.`,
      { name: both },
    );
  }
  return { renames, drops: new Set(drop), fills };
}

function pairsOf(option: string, texts: readonly string[], form: string): Map<string, string> {
  return new Map(
    texts.map((text) => {
      const place = text.indexOf('=');
      const pair = [text.slice(0, place).trim(), text.slice(place + 1).trim()] as const;
      if (place > 0 && pair.every((part) => part !== '')) return pair;
      throw new OnlineMigrationError(
        'WRONG_USAGE',
        `${option} ${text}: it needs ${form}. Nothing was written.`,
        { option, text },
      );
    }),
  );
}
