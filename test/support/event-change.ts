import { changedColumnOf } from './changed-column.ts';
import { textToTimestamptz } from '../../src/online-migration/conversions/times/text-to-timestamptz.ts';
import { changeOf } from './change-of.ts';

/** The column change of the table `event`, which has an `id` and the text `at`. */
export const eventChange = changeOf('event.at', {
  from: 'varchar(50)',
  to: 'timestamptz',
  conversion: textToTimestamptz,
});

/** Its column, for statements on it. */
export const eventColumn = changedColumnOf(eventChange);
