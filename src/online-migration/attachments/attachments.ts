import type { ChangedColumn } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Side } from '../sync/filled-column.ts';
import { newColumnIndexName } from '../change/names.ts';
import { type ForeignKey, readForeignKeys } from './foreign-keys.ts';
import { type CarriedIndex, readIndexes } from './indexes.ts';
import { type Numbering, readNumbering } from './numbering.ts';
import { columnAt, mirrorName } from './table-column.ts';

/** The attachments of one of the two columns, which the remaining column takes over. */
export interface Attachments {
  /** All indexes on the column, including those of the primary key and of unique constraints. */
  readonly indexes: readonly CarriedIndex[];
  /** All foreign keys on the column, at either end. */
  readonly foreignKeys: readonly ForeignKey[];
  /** The source of its numbers: an identity or a sequence; null for neither. */
  readonly numbering: Numbering | null;
}

/**
 * Reads the attachments of one of the two columns, and its copies of the other column's attachments.
 *
 * The name of a copy is derived from the original's name. So if both columns have an index or a foreign key, the one
 * with the plain name is the original.
 */
export async function readAttachments(
  database: Queryable,
  change: ChangedColumn,
  side: Side,
): Promise<{ own: Attachments; mirrors: Pick<Attachments, 'indexes' | 'foreignKeys'> }> {
  const here = columnAt(change, side);
  const there = columnAt(change, side === 'old' ? 'new' : 'old');
  // Only the new column has the declared index.
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
