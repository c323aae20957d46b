import type { ChangedColumn } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { OnlineMigrationError } from '../change/online-migration-error.ts';
import type { MigrationNames } from './migration-names.ts';
import type { ChosenConversion } from './pairs/known-conversions.ts';
import type { ColumnFacts, TableFacts } from './table-facts.ts';
import { typeAlias } from './type-alias.ts';

/** A check that the table of the test has. */
export interface TestedCheck {
  readonly name: string;
  /** The columns that it uses. */
  readonly columns: readonly string[];
  readonly statement: string;
}

/** A column change to write, with all facts for its files. */
export interface NewChange {
  readonly table: TableFacts;
  /** The change itself, for queries on the database. */
  readonly change: ColumnChange;
  readonly columns: NewColumns;
  /** Statements that create the types, extensions and functions of the columns in the database of a test. */
  readonly setup: readonly string[];
  /** The checks that the table of its test has. */
  readonly checks: readonly TestedCheck[];
  /** Parts of the table that its test does not have. */
  readonly untested: readonly string[];
  /** Reasons for which the change cannot be written, besides the obstacles in the database. */
  readonly refusals: readonly OnlineMigrationError[];
  /** The time zone of timestamps without one. */
  readonly zone: string;
  /** The names of the project's new migrations. */
  readonly migrations: MigrationNames;
  /** The place of its first migration among the new ones, from 0 on. */
  readonly firstPlace: number;
  readonly words: NewNames;
}

/** The place of a change's migrations in the project. */
export type NewMigrations = Pick<NewChange, 'migrations' | 'firstPlace'>;

/** The columns of a change to write, in the order of its declaration. */
export type NewColumns = readonly [NewColumn, ...NewColumn[]];

/** One column of a change to write. */
export interface NewColumn {
  /** The column as it is in the table. */
  readonly facts: ColumnFacts;
  /** The column as it is declared. */
  readonly change: ChangedColumn;
  /** Null if the change is only a rename. */
  readonly conversion: ChosenConversion | null;
  /** The labels of the new type, if it is an enum. */
  readonly labels: readonly string[];
  /** Old values as texts, for the test of a conversion that the project has to write. */
  readonly sample: readonly string[];
}

/** The names used in the files. */
export interface NewNames {
  /** Folder below `src/` and `test/`: `orders`. */
  readonly folder: string;
  /** Prefix of the change's file names: `total`, `created-at-and-updated-at`. */
  readonly file: string;
  /** In names of migration files: `orders_total`. */
  readonly migration: string;
  /** In names of classes: `OrdersTotal`. */
  readonly pascal: string;
  /** The declaration's name: `ordersTotalChange`. */
  readonly declaration: string;
  /** The name of a conversion that the project has to write: `ordersTotalConversion`. */
  readonly conversion: string;
}

/** Whether the package has no conversion for the types of a column, so that the project has to write one. */
export function isToBeWritten({ conversion }: Pick<NewColumn, 'conversion'>): boolean {
  return conversion?.module !== undefined;
}

/** Longer names of files are hard to read in a list. */
const LONGEST_WORDS = 50;

/**
 * The number of one of the change's migrations, as the prefix of file names: `0007`.
 * @param index its place among them, from 0 on
 */
export function migrationNumber({ migrations, firstPlace }: NewChange, index: number): string {
  return migrations.prefixOf(firstPlace + index);
}

/**
 * The path of one of the change's migrations, relative to the project, without its ending.
 * @param index its place among them, from 0 on
 * @param verb the phase, or `alter`
 */
export function migrationPath(
  { migrations, firstPlace, words }: NewChange,
  index: number,
  verb: string,
): string {
  return `${migrations.folder}/${migrations.fileOf(firstPlace + index, `${verb}_${words.migration}`)}`;
}

/** Escapes a text for a comment: it must not end the comment. */
export function inComment(text: string): string {
  return text.replaceAll('*/', '* /');
}

/** Escapes a text for a template literal. */
export function inTemplate(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${');
}

/**
 * Derives the names for files and code of a change.
 * @param columns at least one
 * @param number of the change among those of the columns; undefined for the first
 */
export function namesFor(
  table: Pick<TableFacts, 'schema' | 'name'>,
  columns: readonly string[],
  number?: number,
): NewNames {
  const place = table.schema === 'public' ? [table.name] : [table.schema, table.name];
  const tableWords = place.flatMap(wordsOf);
  const columnWords = [...wordsOfAll(columns), ...(number === undefined ? [] : [String(number)])];
  const all = [...tableWords, ...columnWords];
  const pascal = all.map(capitalized).join('');
  const camel = pascal.charAt(0).toLowerCase() + pascal.slice(1);
  return {
    folder: tableWords.join('-'),
    file: columnWords.join('-'),
    migration: all.join('_'),
    pascal,
    declaration: `${camel}Change`,
    conversion: `${camel}Conversion`,
  };
}

/** The words of several names: `created at and updated at`; of many, only those of the first one. */
function wordsOfAll(columns: readonly string[]): string[] {
  const each = columns.map(wordsOf);
  const [first = [], ...others] = each;
  if (others.length === 0) return first;
  const all = [...each.slice(0, -1).flat(), 'and', ...each.at(-1)!];
  return all.join('-').length <= LONGEST_WORDS ? all : [...first, 'and', String(others.length), 'more'];
}

/** The words of a name, without characters that are invalid in files and identifiers; none begins with a digit. */
function wordsOf(name: string): string[] {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  if (words.length === 0) return ['x'];
  return /^\d/.test(words[0]!) ? ['x', ...words] : words;
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** The key of a table, as a declaration writes it. */
export function keyOf({ key }: TableFacts): ChangedColumn['key'] {
  return key.length === 1 ? key[0]! : key;
}

/** Names in a sentence: `a`, `a and b`, `a, b and c`. */
export function inSentence(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** A change in a title: `orders.total, from text to numeric(12,2)`. */
export function titleOf({
  table,
  columns: [first, ...others],
}: Pick<NewChange, 'table' | 'columns'>): string {
  const { oldColumn, newColumn } = first.change;
  if (others.length === 0)
    return `${table.name}.${oldColumn.name}, from ${typeAlias(oldColumn.type)} to ${typeAlias(newColumn.type)}`;
  const names = [first, ...others].map(({ facts }) => facts.name);
  return `${inSentence(names)} of ${table.name}, to ${typeAlias(newColumn.type)}`;
}
