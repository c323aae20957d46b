import { backfill, revertBackfill } from './backfill.ts';
import { contract } from './contract.ts';
import { enforce, revertEnforce } from './enforce.ts';
import { expand, revertExpand } from './expand.ts';
import type { PhaseContext } from './phase.ts';
import { rename, revertRename } from './rename.ts';
import { revertContract } from './revert-contract.ts';
import type { PhaseName } from '../change/phase-name.ts';
import type { Stage } from '../observation/stage.ts';

/** A phase of a column change together with its way back. */
export interface Phase {
  readonly name: PhaseName;
  /** The stage that `up` starts from and `down` leads back to. */
  readonly from: Stage;
  /** The stage that `up` leads to. */
  readonly to: Stage;
  readonly up: (context: PhaseContext) => Promise<void>;
  readonly down: (context: PhaseContext) => Promise<void>;
}

/** The phases of a column change. */
export const phases: Readonly<Record<PhaseName, Phase>> = {
  /** The new column beside the old one, kept equal by the sync trigger. */
  expand: { name: 'expand', from: 'initial', to: 'expanded', up: expand, down: revertExpand },
  /** The new column's values of all rows that are older than the sync trigger, in batches. */
  backfill: { name: 'backfill', from: 'expanded', to: 'backfilled', up: backfill, down: revertBackfill },
  /** NOT NULL on the new column, and a sync trigger in both directions; then the application switches over. */
  enforce: { name: 'enforce', from: 'backfilled', to: 'enforced', up: enforce, down: revertEnforce },
  /** The proof that both columns are equal, then the drop of the old one. */
  contract: { name: 'contract', from: 'enforced', to: 'contracted', up: contract, down: revertContract },
  /** The old column's name for the new one. */
  rename: { name: 'rename', from: 'contracted', to: 'renamed', up: rename, down: revertRename },
};
