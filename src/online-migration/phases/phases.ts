import type { ColumnChange } from '../change/column-change.ts';
import type { PhaseContext } from './phase.ts';
import { PhaseRefusedError, phaseDetails } from './phase-refused-error.ts';
import { isRename } from '../change/changed-column.ts';
import { changeNamesOf } from '../change/names.ts';
import { PHASE_NAMES, phaseNamesOf, type PhaseName } from '../change/phase-name.ts';
import type { Stage } from '../observation/stage.ts';

/** A phase of a change and its revert. */
export interface PhaseOfChange {
  readonly name: PhaseName;
  /** The stage before `up` and after `down`. */
  readonly from: Stage;
  /** The stage after `up`. */
  readonly to: Stage;
  readonly up: (context: PhaseContext) => Promise<void>;
  readonly down: (context: PhaseContext) => Promise<void>;
}

/** A phase of column changes and its revert. Its statements depend on the change. */
export type Phase = Pick<PhaseOfChange, 'name' | 'up' | 'down'>;

/*
 * A phase is loaded when it runs. `migration:up` without a pending phase, and an application, need none of them.
 */

const ORDINARY: Readonly<Record<PhaseName, PhaseOfChange>> = {
  /** Adds the new column; the sync trigger keeps both columns equal. */
  expand: {
    name: 'expand',
    from: 'initial',
    to: 'expanded',
    up: async (context) => (await import('./expand.ts')).expand(context),
    down: async (context) => (await import('./expand.ts')).revertExpand(context),
  },
  /** Fills the new column of all rows that are older than the sync trigger, in batches. */
  backfill: {
    name: 'backfill',
    from: 'expanded',
    to: 'backfilled',
    up: async (context) => (await import('./backfill.ts')).backfill(context),
    down: async (context) => (await import('./revert-backfill.ts')).revertBackfill(context),
  },
  /**
   * Sets NOT NULL on the new column, and makes the sync trigger work in both directions; then the application
   * switches over.
   */
  enforce: {
    name: 'enforce',
    from: 'backfilled',
    to: 'enforced',
    up: async (context) => (await import('./enforce.ts')).enforce(context),
    down: async (context) => (await import('./enforce.ts')).revertEnforce(context),
  },
  /** Proves that both columns are equal, then drops the old one. */
  contract: {
    name: 'contract',
    from: 'enforced',
    to: 'contracted',
    up: async (context) => (await import('./contract.ts')).contract(context),
    down: async (context) => (await import('./revert-contract.ts')).revertContract(context),
  },
  /** Gives the new column the old column's name. */
  rename: {
    name: 'rename',
    from: 'contracted',
    to: 'renamed',
    up: async (context) => (await import('./rename.ts')).rename(context),
    down: async (context) => (await import('./rename.ts')).revertRename(context),
  },
};

/** Drops the old column and gives its name to the new one. */
const CONTRACT_AND_RENAME: PhaseOfChange = {
  name: 'contract',
  from: 'enforced',
  to: 'renamed',
  up: async (context) => (await import('./contract-and-rename.ts')).contractAndRename(context),
  down: async (context) => (await import('./contract-and-rename.ts')).revertContractAndRename(context),
};

/** Gives the one column another name. */
const RENAME_ONLY: PhaseOfChange = {
  name: 'rename',
  from: 'initial',
  to: 'renamed',
  up: async (context) => (await import('./rename-only.ts')).renameOnly(context),
  down: async (context) => (await import('./rename-only.ts')).revertRenameOnly(context),
};

/** The phases of a change, in order. */
export function phasesOf(change: ColumnChange): readonly PhaseOfChange[] {
  if (isRename(change)) return [RENAME_ONLY];
  return phaseNamesOf(change).map((name) =>
    name === 'contract' && change.renameInContract ? CONTRACT_AND_RENAME : ORDINARY[name],
  );
}

/**
 * A phase of a change.
 * @throws PhaseRefusedError if the change does not have it
 */
export function phaseOf(change: ColumnChange, name: PhaseName): PhaseOfChange {
  const phase = phasesOf(change).find((one) => one.name === name);
  if (phase !== undefined) return phase;
  const reason = isRename(change)
    ? 'it is only a rename, because its declaration has no `conversion`'
    : 'its contract renames the column too. Take `renameInContract` out of the declaration if contract has run without it';
  throw new PhaseRefusedError(
    'PHASE_NOT_OF_CHANGE',
    `The change ${changeNamesOf(change).change} has no phase ${name}: ${reason}. Its phases are: ${phaseNamesOf(change).join(', ')}.`,
    { ...phaseDetails({ change }, name), phases: phaseNamesOf(change) },
  );
}

/** The phases of column changes. Each is refused for a change that does not have it. */
export const phases = Object.fromEntries(
  PHASE_NAMES.map((name) => [
    name,
    {
      name,
      up: (context: PhaseContext) => phaseOf(context.change, name).up(context),
      down: (context: PhaseContext) => phaseOf(context.change, name).down(context),
    },
  ]),
) as unknown as Readonly<Record<PhaseName, Phase>>;
