import type { ChangedColumn } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Side } from '../sync/filled-column.ts';
import { newColumnIndexName } from '../change/names.ts';
import { type ForeignKey, readForeignKeys } from './foreign-keys.ts';
import { type CarriedIndex, readIndexes } from './indexes.ts';
import { type Numbering, readNumbering } from './numbering.ts';
import { columnAt, mirrorName } from './table-column.ts';

/** What hangs on one of the two columns, and is to hang on the one that stays. */
export interface Attachments {
  /** The indexes that the column is in, those of the primary key and of unique constraints too. */
  readonly indexes: readonly CarriedIndex[];
  /** The foreign keys that the column is in, of this table and of those that refer to it. */
  readonly foreignKeys: readonly ForeignKey[];
  /** Where its numbers come from: an identity, or a sequence; null if they come from neither. */
  readonly numbering: Numbering | null;
}

/**
 * Reads what hangs on one of the two columns by itself, and what stands there for something on the other one.
 *
 * A mirror is known by its name, which is made of the name of what it stands for; so where both columns have an index or a
 * foreign key, the one with the plain name counts.
 */
export async function readAttachments(
  database: Queryable,
  change: ChangedColumn,
  side: Side,
): Promise<{ own: Attachments; mirrors: Pick<Attachments, 'indexes' | 'foreignKeys'> }> {
  const here = columnAt(change, side);
  const there = columnAt(change, side === 'old' ? 'new' : 'old');
  // The one that the declaration asks for is the new column's alone.
  const added = side === 'new' && change.index ? newColumnIndexName(change, change.table.name) : undefined;
  const indexes = (await readIndexes(database, here)).filter(({ name }) => name !== added);
  const foreignKeys = await readForeignKeys(database, here);
  const mirrored = new Set(
    [...(await readIndexes(database, there)), ...(await readForeignKeys(database, there))].map(({ name }) =>
      mirrorName(name),
    ),
  );
  const isMirror = ({ name }: { name: string }) => mirrored.has(name);
  return {
    own: {
      indexes: indexes.filter((index) => !isMirror(index)),
      foreignKeys: foreignKeys.filter((key) => !isMirror(key)),
      numbering: await readNumbering(database, here),
    },
    mirrors: { indexes: indexes.filter(isMirror), foreignKeys: foreignKeys.filter(isMirror) },
  };
}
