import { type ActiveColumn, FORMS } from '../../../../src/online-migration/follow/active-column.ts';
import { allMappings } from '../../../../src/large-record/mappings.ts';
import { openOrm } from '../../../../src/orm/open-orm.ts';
import { LargeRecordRepository } from '../../../../src/large-record/repository.ts';
import { serveRecords } from './serve-records.ts';

// A generation of the application without the package: it knows one schema version, FORM, follows nothing and does not
// announce its column. `old` is the version before the change, `renamed` the one after it.

const { DATABASE_URL = '', FORM } = process.env;
const form = FORMS.find((known) => known === FORM)!;
const mapping = allMappings[form]!;
const mappings = { [form]: mapping };
const { orm } = await openOrm(DATABASE_URL, [mapping], { application_name: `records of the ${form} form` });
const follower = {
  run: <T>(unit: (active: ActiveColumn) => Promise<T>) => unit({ form, name: 'created_at' }),
};
await serveRecords(new LargeRecordRepository({ em: orm.em, follower }, { mappings }));
