import { OnlineMigrationError } from '../change/online-migration-error.ts';

/** The names of new files of migrations in a project. */
export interface MigrationNames {
  /** The folder of the migrations, relative to the project's folder: `migrations`. */
  readonly folder: string;
  /**
   * The name of a file without its ending: `0007_expand_orders_total`, `Migration20260102030405_expand_orders_total`.
   * @param place of the migration among the new ones, from 0 on; the files sort in this order, behind all others
   * @param words that describe it: `expand_orders_total`
   */
  fileOf(place: number, words: string): string;
  /** The beginning of the name, which `--to` accepts: `0007`. */
  prefixOf(place: number): string;
}

/** Digits of a number in a file name. */
const NUMBER_DIGITS = 4;
const NUMBERED = /^(\d{1,6})_/;
export const MS_PER_SECOND = 1000;

/**
 * Continues the numbers of a folder: `0007_expand_orders_total`.
 * @param files in the folder
 */
export function numberedNames(folder: string, files: readonly string[]): MigrationNames {
  const next = Math.max(0, ...files.map((file) => Number(NUMBERED.exec(file)?.[1] ?? 0))) + 1;
  const prefixOf = (place: number) => String(next + place).padStart(NUMBER_DIGITS, '0');
  return { folder, prefixOf, fileOf: (place, words) => `${prefixOf(place)}_${asWords(words)}` };
}

/** As MikroORM does: a name that a person gives may have spaces and slashes. */
function asWords(name: string): string {
  return name.replaceAll(/[^$\p{ID_Continue}]+/gu, '_');
}

/**
 * Names files by the time, as MikroORM does. Each further file is a second later.
 * @param fileName MikroORM's option: the name for a timestamp of 14 digits in UTC, and for words
 * @param now in ms
 */
export function timestampedNames(
  folder: string,
  fileName: (timestamp: string, name?: string) => string,
  now: number,
): MigrationNames {
  const timestampOf = (place: number) => timestampAt(now + place * MS_PER_SECOND);
  return {
    folder,
    prefixOf: (place) => fileName(timestampOf(place)),
    fileOf: (place, words) => fileName(timestampOf(place), words),
  };
}

/** MikroORM's timestamp of 14 digits in UTC. */
export function timestampAt(time: number): string {
  return new Date(time).toISOString().replaceAll(/[-T:]|[.]\d{3}Z$/g, '');
}

/** The time of a timestamp in a text, in ms. */
export function timeIn(text: string): number | undefined {
  const [, ...parts] = /(?<!\d)(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?!\d)/.exec(text) ?? [];
  const [year, month, day, hours, minutes, seconds] = parts;
  const time = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** Whether the migrations of a folder have numbers, as those of the template, or whether there are none yet. */
export function areNumbered(files: readonly string[]): boolean {
  return files.every((file) => NUMBERED.test(file));
}

/**
 * Refuses names that do not sort in the order of the migrations: they would run in another order.
 * @param paths of all new migrations, in their order
 * @throws OnlineMigrationError
 */
export function refuseUnsorted(paths: readonly string[]): void {
  const place = paths.findIndex((path, index) => index > 0 && path <= paths[index - 1]!);
  if (place === -1) return;
  const [before, after] = [paths[place - 1]!, paths[place]!];
  throw new OnlineMigrationError(
    'CONFIG_INVALID',
    `\`migrations.fileName\` of MikroORM's configuration gives ${after} a name that does not sort behind ${before}, and nothing was ` +
      `written. Several migrations come at once: let their names begin with the whole timestamp.`,
    { before, after },
  );
}

/** The words of a migration's name: `expand_orders_total`. They tell the migrations of an earlier change. */
export function wordsOf(file: string): string | undefined {
  return /^[A-Za-z]*\d+_(.+)[.][cm]?[jt]s$/.exec(file)?.[1];
}
