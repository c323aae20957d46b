import { escapeIdentifier } from 'pg';
import type { RangeVar } from 'libpg-query';

/** The name of a relation in SQL, with its schema if the statement has one. */
export function nameOf({ schemaname, relname }: RangeVar): string {
  const name = escapeIdentifier(relname ?? '');
  return schemaname === undefined ? name : `${escapeIdentifier(schemaname)}.${name}`;
}

/** The name of another relation of the same schema. */
export function besideName(relation: RangeVar, name: string): string {
  return nameOf({ ...relation, relname: name });
}

/** Quoted names with commas. */
export function listOf(columns: readonly string[]): string {
  return columns.map(escapeIdentifier).join(', ');
}

/** Whether a statement names the table with `only`: without its partitions, and without the tables that inherit from it. */
export function isAlone({ inh }: RangeVar): boolean {
  return inh !== true;
}

/** The table as a statement names it with `only`: without its partitions. */
export function aloneOf(relation: RangeVar): RangeVar {
  const { inh: _, ...alone } = relation;
  return alone;
}
