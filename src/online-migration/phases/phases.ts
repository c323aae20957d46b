import { backfill, revertBackfill } from './backfill.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { contract } from './contract.ts';
import { contractAndRename, revertContractAndRename } from './contract-and-rename.ts';
import { enforce, revertEnforce } from './enforce.ts';
import { expand, revertExpand } from './expand.ts';
import { PhaseRefusedError, phaseDetails, type PhaseContext } from './phase.ts';
import { rename, revertRename } from './rename.ts';
import { renameOnly, revertRenameOnly } from './rename-only.ts';
import { revertContract } from './revert-contract.ts';
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

const ORDINARY: Readonly<Record<PhaseName, PhaseOfChange>> = {
  /** Adds the new column; the sync trigger keeps both columns equal. */
  expand: { name: 'expand', from: 'initial', to: 'expanded', up: expand, down: revertExpand },
  /** Fills the new column of all rows that are older than the sync trigger, in batches. */
  backfill: { name: 'backfill', from: 'expanded', to: 'backfilled', up: backfill, down: revertBackfill },
  /**
   * Sets NOT NULL on the new column, and makes the sync trigger work in both directions; then the application
   * switches over.
   */
  enforce: { name: 'enforce', from: 'backfilled', to: 'enforced', up: enforce, down: revertEnforce },
  /** Proves that both columns are equal, then drops the old one. */
  contract: { name: 'contract', from: 'enforced', to: 'contracted', up: contract, down: revertContract },
  /** Gives the new column the old column's name. */
  rename: { name: 'rename', from: 'contracted', to: 'renamed', up: rename, down: revertRename },
};

/** Drops the old column and gives its name to the new one. */
const CONTRACT_AND_RENAME: PhaseOfChange = {
  name: 'contract',
  from: 'enforced',
  to: 'renamed',
  up: contractAndRename,
  down: revertContractAndRename,
};

/** Gives the one column another name. */
const RENAME_ONLY: PhaseOfChange = {
  name: 'rename',
  from: 'initial',
  to: 'renamed',
  up: renameOnly,
  down: revertRenameOnly,
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
