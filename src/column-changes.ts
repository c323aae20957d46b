import { createdAtChange } from './large-record/created-at-change.ts';
import type { ColumnChange } from 'online-migration';

/** All column changes of this project. `npx online-migration new` adds to it; remove a change when it is over. */
export const columnChanges: readonly ColumnChange[] = [createdAtChange];
