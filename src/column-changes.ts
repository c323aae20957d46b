import { createdAtChange } from './large-record/created-at-change.ts';
import type { ColumnChange } from './online-migration/change/column-change.ts';

/** Every column change of this project. `npm run change:new` adds to it; one that is over may be taken out. */
export const columnChanges: readonly ColumnChange[] = [createdAtChange];
