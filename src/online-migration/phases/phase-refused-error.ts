import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';
import { type ErrorDetails, OnlineMigrationError } from '../change/online-migration-error.ts';

/** A phase was refused because of the state of the database. Its work so far is kept, and running it again continues. */
export class PhaseRefusedError extends OnlineMigrationError {
  override readonly name = 'PhaseRefusedError';
}

/**
 * The details of every refusal.
 * @param phase the phase as in the message: `contract`, `revert the contract of`
 */
export function phaseDetails({ change }: { readonly change: ColumnChange }, phase: string): ErrorDetails {
  const { change: name, table } = changeNamesOf(change);
  return { change: name, table, phase: phase.replace(/^revert the (.*) of$/, 'revert $1') };
}
