import { features } from './features.ts';
import type { ColumnChange } from 'online-migration';

/** The column changes that features follow. */
const followedChanges = features.flatMap(({ changes }) => changes.map(({ change }) => change));

/**
 * All column changes of this project. `npx online-migration new` adds to it. Remove a change when a feature lists it,
 * or when the change is finished.
 */
export const columnChanges: readonly ColumnChange[] = [...followedChanges];
