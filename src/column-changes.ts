import { features } from './features.ts';
import type { ColumnChange } from './online-migration/change/column-change.ts';

/** The column changes that features follow. */
const followedChanges = features.flatMap(({ changes }) => changes);

/**
 * Every column change of this project. `npm run change:new` adds to it; once a feature lists the change, take it out here. One
 * that is over may be taken out.
 */
export const columnChanges: readonly ColumnChange[] = [...followedChanges];
