import type { ColumnChange } from '../change/column-change.ts';
import { nameOf } from '../change/names.ts';
import type { PhaseName } from '../change/phase-name.ts';
import { ColumnMigration } from './column-migration.ts';

/** A migration that is a phase of a column change. */
export interface PhaseMigration {
  /** Its name in the ledger. */
  readonly name: string;
  /** The name of the change. */
  readonly change: string;
  readonly declared: ColumnChange;
  readonly phase: PhaseName;
}

/** A migration as MikroORM has discovered it. */
interface Discovered {
  readonly name: string;
  readonly up: () => unknown;
}

/**
 * Finds the phases among the migrations of a project, in order.
 * @param load loads a migration without running it
 */
export async function listPhases(
  discovered: readonly Discovered[],
  load: (migration: Discovered) => Promise<unknown>,
): Promise<PhaseMigration[]> {
  const found: PhaseMigration[] = [];
  for (const listed of discovered) {
    const migration = await load(listed);
    if (!(migration instanceof ColumnMigration)) continue;
    const { change: declared, phase } = migration;
    found.push({
      name: listed.name,
      change: nameOf(declared),
      declared,
      phase: phase.name,
    });
  }
  return found;
}
