import { largeRecordCreatedAtChange } from '../../../src/large-record/created-at-change.ts';
import { changedColumnOf } from '../../support/changed-column.ts';

/** The column of the example's change, for functions inside the package. */
export const createdAtColumn = changedColumnOf(largeRecordCreatedAtChange);
