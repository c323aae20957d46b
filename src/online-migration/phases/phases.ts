import { backfill, revertBackfill } from './backfill.ts';
import { contract } from './contract.ts';
import { enforce, revertEnforce } from './enforce.ts';
import { expand, revertExpand } from './expand.ts';
import type { PhaseContext } from './phase.ts';
import { rename, revertRename } from './rename.ts';
import { revertContract } from './revert-contract.ts';
import type { PhaseName } from '../change/phase-name.ts';
import type { Stage } from '../observation/stage.ts';

/** A phase of a column change and its revert. */
export interface Phase {
  readonly name: PhaseName;
  /** The stage before `up` and after `down`. */
  readonly from: Stage;
  /** The stage after `up`. */
  readonly to: Stage;
  readonly up: (context: PhaseContext) => Promise<void>;
  readonly down: (context: PhaseContext) => Promise<void>;
}

/** The phases of a column change. */
export const phases: Readonly<Record<PhaseName, Phase>> = {
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
