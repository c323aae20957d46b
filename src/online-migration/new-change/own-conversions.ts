import { posix } from 'node:path';
import { conversionOf } from '../change/changed-column.ts';
import type { DeclaredColumn } from './declared-change.ts';
import { isToBeWritten, namesFor, type NewChange, type NewColumn } from './new-change.ts';
import type { ChosenConversion } from './pairs/known-conversions.ts';
import type { TableFacts } from './table-facts.ts';

/**
 * The conversions of the project's own, one for each type that the package cannot convert.
 * @param number of the change among those of the columns
 * @returns by the old type
 */
export function toBeWritten(
  table: TableFacts,
  columns: readonly DeclaredColumn[],
  number: number | undefined,
): ReadonlyMap<string, ChosenConversion> {
  const left = columns.filter(({ found }) => found === null);
  const made = new Map<string, ChosenConversion>();
  for (const { facts, change } of left) {
    if (made.has(facts.type)) continue;
    const names = left.filter((other) => other.facts.type === facts.type).map((other) => other.facts.name);
    const words = namesFor(table, names, number);
    // Two names can have the same words.
    const before = [...made.values()].filter(({ name }) => name.startsWith(words.conversion)).length;
    const [suffix, ending] = before === 0 ? ['', ''] : [`-${before + 1}`, String(before + 1)];
    const name = words.conversion + ending;
    made.set(facts.type, {
      name,
      imports: [name],
      module: `./${words.file}-conversion${suffix}`,
      expression: name,
      conversion: conversionOf(change),
      value: { old: 'null', new: 'null' },
    });
  }
  return made;
}

/** A conversion that a person completes, and its columns. */
export interface OwnConversion {
  readonly name: string;
  /** Its file without the ending: `src/orders/total-conversion`. */
  readonly module: string;
  /** The columns of one type that it converts. */
  readonly columns: readonly [NewColumn, ...NewColumn[]];
}

/** The conversions of a change that a person completes. */
export function ownConversionsOf({ columns, words }: Pick<NewChange, 'columns' | 'words'>): OwnConversion[] {
  const made = new Map<string, OwnConversion>();
  for (const column of columns.filter(isToBeWritten)) {
    const { name, module } = column.conversion!;
    const earlier = made.get(name);
    made.set(name, {
      name,
      module: posix.join('src', words.folder, module!),
      columns: earlier === undefined ? [column] : [...earlier.columns, column],
    });
  }
  return [...made.values()];
}
