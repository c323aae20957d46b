import { createdAtColumn } from '../../../../src/large-record/created-at-change.ts';
import { newColumnMapping, renamedMapping } from '../../../../src/large-record/mappings.ts';
import { LargeRecordRepository } from '../../../../src/large-record/repository.ts';
import { ActiveColumnFollower } from '../../../../src/online-migration/follow/active-column-follower.ts';
import { poolNameOf } from '../../../../src/online-migration/follow/presence.ts';
import { keepPresence } from '../../../../src/online-migration/follow/presence-session.ts';
import { openOrm } from '../../../../src/orm/open-orm.ts';
import { serveRecords } from './serve-records.ts';

// A generation of the application that knows only the new column, by both of its names.

const { DATABASE_URL: connectionString = '' } = process.env;
const mappings = { new: newColumnMapping, renamed: renamedMapping };
const { orm } = await openOrm(connectionString, Object.values(mappings), {
  application_name: poolNameOf(createdAtColumn),
});
const pool = await orm.em.getConnection().getNativeClient();
const follower = new ActiveColumnFollower(createdAtColumn, pool);
await keepPresence({
  change: createdAtColumn,
  connection: () => ({ connectionString }),
  follower,
  log: console.log,
});
await serveRecords(new LargeRecordRepository({ em: orm.em, follower }, { mappings }));
