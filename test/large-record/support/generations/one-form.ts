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

/** A text that statements name and type, so that they fail if the column is missing or has another type. */
class CheckedText extends TextTimestamp {
  override convertToDatabaseValueSQL(value: string): string {
    return `${value}::varchar`;
  }

  override convertToJSValueSQL(column: string): string {
    return `coalesce(${column}, null::varchar)`;
  }
}

const textSchema = defineEntity({
  name: 'LargeRecord',
  tableName: 'large_record',
  properties: {
    id: p.bigint().primary().generated('identity'),
    name: p.string().length(100),
    createdAt: p.type(CheckedText).fieldName('created_at'),
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
