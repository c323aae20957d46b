import type { EntitySchema } from '@mikro-orm/core';

/** The reason why a migration does not run. */
export interface Refusal {
  readonly code: 'MIGRATION_UNSAFE' | 'ROWS_IN_THE_WAY';
  readonly message: RegExp;
}

/** A change of entities, as a developer makes it between two migrations. */
export interface Edit {
  readonly name: string;
  readonly before: () => readonly EntitySchema[];
  readonly after: () => readonly EntitySchema[];
  /** Statements before the tables are made. */
  readonly setup?: readonly string[];
  /** SQL expressions for values of columns, in terms of a row's number `n`, in place of one by the type. */
  readonly values?: Readonly<Record<string, string>>;
  /** The migration is refused on tables with rows. On empty ones it runs. */
  readonly refused?: Refusal;
  /** It is refused on empty tables, too. */
  readonly refusedAlways?: Refusal;
  /** The way back is refused. */
  readonly refusedDown?: Refusal;
  /** The oldest major version of PostgreSQL that has the feature. */
  readonly since?: number;
  /** MikroORM's own way back fails. */
  readonly noWayBack?: true;
  /** MikroORM generates no statement. */
  readonly isUnseen?: true;
  /** PostgreSQL accepts the statements only if they do not share a transaction. */
  readonly needsCommits?: true;
}

/** A refusal because of the statements. */
export function unsafe(message: RegExp): Refusal {
  return { code: 'MIGRATION_UNSAFE', message };
}

/** A refusal because of rows. */
export function rowsInTheWay(message: RegExp): Refusal {
  return { code: 'ROWS_IN_THE_WAY', message };
}
