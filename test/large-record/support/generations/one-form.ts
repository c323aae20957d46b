import { defineEntity, p, RequestContext } from '@mikro-orm/core';
import { type EntityManager, MikroORM } from '@mikro-orm/postgresql';
import { LargeRecord } from '../../../../src/large-record/large-record.ts';
import { LargeRecordRepository } from '../../../../src/large-record/repository.ts';
import { TextTimestamp } from '../../../../src/large-record/timestamp-types.ts';
import { ormOptions } from '../../../../src/orm/orm-options.ts';
import { serveRecords } from './serve-records.ts';

// A generation of the application without the package: it knows one schema version, FORM, follows nothing and does not
// announce its column. `old` is the version before the change, `renamed` the one after it.

const { DATABASE_URL = '', FORM = '' } = process.env;

/** Names the column in each query. With `*`, MikroORM would read a row without a dropped column. */
class NamedTimestamp extends TextTimestamp {
  override convertToJSValueSQL(column: string): string {
    return `(${column})`;
  }
}

const textSchema = defineEntity({
  name: 'LargeRecord',
  tableName: 'large_record',
  properties: {
    id: p.bigint().primary().generated('identity'),
    name: p.string().length(100),
    createdAt: p.type(NamedTimestamp).fieldName('created_at'),
  },
});
if (FORM === 'old') textSchema.setClass(LargeRecord);

const orm = await MikroORM.init({
  ...ormOptions(DATABASE_URL, [FORM === 'old' ? textSchema : LargeRecord]),
  driverOptions: { connectionString: DATABASE_URL, application_name: `records of the ${FORM} form` },
});
const plain = {
  run: <T>(work: (em: EntityManager) => Promise<T>) =>
    RequestContext.create(orm.em, () => work(RequestContext.getEntityManager() as EntityManager)),
};
await serveRecords(new LargeRecordRepository(plain));
