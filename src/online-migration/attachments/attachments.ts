import type { ChangedColumn } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { otherSide, type Side } from '../sync/filled-column.ts';
import { newColumnIndexName } from '../change/names.ts';
import { type CarriedCheck, readChecks } from './checks.ts';
import { isCopyComment } from './copy-comment.ts';
import { type ForeignKey, readForeignKeys } from './foreign-keys.ts';
import { type CarriedIndex, readIndexes } from './indexes.ts';
import { type Numbering, readNumbering } from './numbering.ts';
import { type CarriedPolicy, readPolicies } from './policies.ts';
import { columnAt, mirrorName } from './table-column.ts';

/** The attachments of one of the two columns, which the remaining column takes over. */
export interface Attachments {
  /** All indexes on the column, including those of the primary key and of unique constraints. */
  readonly indexes: readonly CarriedIndex[];
  /** All checks that use the column, apart from the package's own. */
  readonly checks: readonly CarriedCheck[];
  /** All foreign keys on the column, at either end. */
  readonly foreignKeys: readonly ForeignKey[];
  /** The table's policies that use the column. They have no copies. */
  readonly policies: readonly CarriedPolicy[];
  /** The source of its numbers: an identity or a sequence; null for neither. */
  readonly numbering: Numbering | null;
}

/** Attachments that both columns have while both exist. */
export type Copies = Pick<Attachments, 'indexes' | 'checks' | 'foreignKeys'>;

/**
 * Reads the attachments of one of the two columns, and its copies of the other column's attachments.
 *
 * The name of a copy is derived from the original's name. So if both columns have an index, a check or a foreign
 * key, the one with the plain name is the original. A copy whose original is gone is known by its comment.
 */
export async function readAttachments(
  database: Queryable,
  change: ChangedColumn,
  side: Side,
): Promise<{ own: Attachments; mirrors: Copies }> {
  const here = columnAt(change, side);
  const there = columnAt(change, otherSide(side));
  // Only the new column has the declared index.
  const added = side === 'new' && change.index ? newColumnIndexName(change, change.table.name) : undefined;
  const indexes = (await readIndexes(database, here)).filter(({ name }) => name !== added);
  const checks = await readChecks(database, change, side);
  const foreignKeys = await readForeignKeys(database, here);
  const mirrored = new Set(
    [
      ...(await readIndexes(database, there)),
      ...(await readChecks(database, change, otherSide(side))),
      ...(await readForeignKeys(database, there)),
    ].map(({ name }) => mirrorName(name)),
  );
  const isMirror = ({ name, comment }: { name: string; comment: string | null }) =>
    mirrored.has(name) || isCopyComment(comment);
  return {
    own: {
      indexes: indexes.filter((index) => !isMirror(index)),
      checks: checks.filter((check) => !isMirror(check)),
      foreignKeys: foreignKeys.filter((key) => !isMirror(key)),
      policies: await readPolicies(database, here),
      numbering: await readNumbering(database, here),
    },
    mirrors: {
      indexes: indexes.filter(isMirror),
      checks: checks.filter(isMirror),
      foreignKeys: foreignKeys.filter(isMirror),
    },
  };
}
