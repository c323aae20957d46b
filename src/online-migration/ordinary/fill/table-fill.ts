import { escapeIdentifier } from 'pg';

/**
 * A fill of an ordinary migration: an `update` of a table that runs in batches, beside the traffic.
 *
 *     await this.fill({ table: 'orders', set: { total_cents: 'round(total * 100)' }, where: 'total_cents is null' });
 */
export interface TableFill {
  /** The table, as in the catalog: unquoted, without its schema. */
  readonly table: string;
  /** Its schema, unquoted; by default the first one of the `search_path` that has the table. */
  readonly schema?: string;
  /**
   * An SQL expression for each column to fill. It runs as it is written: quote its names as in SQL, and put no input of users into it.
   * The columns are named as in the catalog, unquoted.
   */
  readonly set: Readonly<Record<string, string>>;
  /**
   * An SQL condition: the rows to fill. It must be false or null for a filled row, so that no row is filled twice: `total_cents is
   * null`, `email <> lower(email)`. It runs as it is written.
   */
  readonly where: string;
  /**
   * Whether the triggers of the table fire, as for any update; `fire` by default. `silent` sets `session_replication_role`, which the
   * role must be allowed to do.
   */
  readonly triggers?: 'fire' | 'silent';
}

/** The table's name in SQL, with its schema if the fill has one. */
export function targetOf({ schema, table }: TableFill): string {
  const name = escapeIdentifier(table);
  return schema === undefined ? name : `${escapeIdentifier(schema)}.${name}`;
}

/** The name by which expressions call the table, as in an `update` without an alias. */
export function aliasOf({ table }: TableFill): string {
  return escapeIdentifier(table);
}

/** The fill as one statement, for people. */
export function statementOf(fill: TableFill): string {
  const set = Object.entries(fill.set).map(([column, value]) => `${escapeIdentifier(column)} = ${value}`);
  return `update ${targetOf(fill)} set ${set.join(', ')} where ${fill.where}`;
}

/** The columns to fill, quoted. */
export function columnsOf({ set }: TableFill): string {
  return Object.keys(set)
    .map((column) => escapeIdentifier(column))
    .join(', ');
}

/** The assignments of an `update`. An expression may end with a comment. */
export function assignmentsOf({ set }: TableFill): string {
  return Object.entries(set)
    .map(([column, value]) => `${escapeIdentifier(column)} = (${value}\n)`)
    .join(', ');
}

/** The condition of an `update`. */
export function conditionOf({ where }: TableFill): string {
  return `(${where}\n)`;
}

/** The fill as a statement for PostgreSQL, which changes all rows at once. It returns whether a row still matches. */
export function updateOf(fill: TableFill, table = targetOf(fill)): string {
  return `update ${table} as ${aliasOf(fill)} set ${assignmentsOf(fill)} where ${conditionOf(fill)} returning ${conditionOf(fill)} is true as is_open`;
}
