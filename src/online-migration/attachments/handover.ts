import { escapeIdentifier } from 'pg';
import type { ColumnChange, Queryable } from '../column-change.ts';
import type { Side } from '../filled-column.ts';
import { namesOf } from '../names.ts';
import { readAttachments } from './attachments.ts';
import type { ForeignKey } from './foreign-keys.ts';
import type { CarriedIndex } from './indexes.ts';
import { moveNumbering } from './numbering.ts';
import { mirrorName } from './table-column.ts';

/**
 * Hands over what hangs on one column to the other, which has mirrors of it; the table must be locked. All of it is catalog
 * work, and the names stay.
 *
 * 1. The numbers come to the other column, and go on where they are; or its default comes.
 * 2. Each foreign key goes, and its mirror takes its name. First of all, since those of other tables rest on the key.
 * 3. Each index goes, and its mirror takes its name; with it the primary key or the unique constraint.
 *
 * @param from the column that has it
 */
export async function handOver(database: Queryable, change: ColumnChange, from: Side): Promise<void> {
  const { table, oldColumn, newColumn } = namesOf(change);
  const { own } = await readAttachments(database, change, from);
  const [leaving, staying] = from === 'old' ? [oldColumn, newColumn] : [newColumn, oldColumn];
  const declared = from === 'old' ? change.newColumn : change.oldColumn;
  if (own.numbering !== null) {
    await moveNumbering(database, own.numbering, {
      table,
      from: leaving,
      to: staying,
      toType: declared.type,
    });
  } else if (declared.default !== undefined) {
    await database.query(`alter table ${table} alter column ${staying} set default ${declared.default}`);
    await database.query(`alter table ${table} alter column ${leaving} drop default`);
  }
  for (const key of own.foreignKeys) await replaceForeignKey(database, key);
  for (const index of own.indexes) await replaceIndex(database, table, index);
}

/** Drops what stands on a column for something on the other one; the table must be locked. */
export async function dropMirrors(database: Queryable, change: ColumnChange, side: Side): Promise<void> {
  const { mirrors } = await readAttachments(database, change, side);
  for (const { owner, name } of mirrors.foreignKeys) {
    await database.query(`alter table ${owner} drop constraint ${escapeIdentifier(name)}`);
  }
  for (const { schema, name } of mirrors.indexes) {
    await database.query(`drop index ${schema}.${escapeIdentifier(name)}`);
  }
}

async function replaceForeignKey(database: Queryable, { owner, name }: ForeignKey): Promise<void> {
  await database.query(`alter table ${owner} drop constraint ${escapeIdentifier(name)}`);
  await database.query(
    `alter table ${owner} rename constraint ${escapeIdentifier(mirrorName(name))} to ${escapeIdentifier(name)}`,
  );
}

async function replaceIndex(
  database: Queryable,
  table: string,
  { name, schema, constraint }: CarriedIndex,
): Promise<void> {
  const quoted = escapeIdentifier(name);
  const mirror = escapeIdentifier(mirrorName(name));
  if (constraint === null) {
    await database.query(`drop index ${schema}.${quoted}`);
    await database.query(`alter index ${schema}.${mirror} rename to ${quoted}`);
  } else {
    await database.query(`alter table ${table} drop constraint ${quoted}`);
    await database.query(`alter table ${table} add constraint ${quoted} ${constraint} using index ${mirror}`);
  }
}
