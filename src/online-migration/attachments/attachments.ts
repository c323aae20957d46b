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
import { columnAt, mirrorName, type TableColumn } from './table-column.ts';

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
 * Reads the attachments of one of the two columns.
 *
 * The name of a copy is derived from the original's name. So if both columns have an index, a check or a foreign
 * key, the one with the plain name is the original. A copy whose original is gone is known by its comment.
 */
export async function readAttachments(
  database: Queryable,
  change: ChangedColumn,
  side: Side,
): Promise<Attachments> {
  const { originals } = parted(
    await readCopyable(database, change, side),
    await readNames(database, columnAt(change, otherSide(side))),
  );
  return { ...originals, ...(await readSingle(database, columnAt(change, side))) };
}

/** Reads the attachments of one of the two columns, and their copies on the other one. */
export async function readAttachmentsAndCopies(
  database: Queryable,
  change: ChangedColumn,
  side: Side,
): Promise<{ own: Attachments; mirrors: Copies }> {
  const here = await readCopyable(database, change, side);
  const there = await readCopyable(database, change, otherSide(side));
  return {
    own: {
      ...parted(here, namesOf(there)).originals,
      ...(await readSingle(database, columnAt(change, side))),
    },
    mirrors: parted(there, namesOf(here)).copies,
  };
}

async function readCopyable(database: Queryable, change: ChangedColumn, side: Side): Promise<Copies> {
  const column = columnAt(change, side);
  // Only the new column has the declared index.
  const added = side === 'new' && change.index ? newColumnIndexName(change, change.table.name) : undefined;
  return {
    indexes: (await readIndexes(database, column)).filter(({ name }) => name !== added),
    checks: await readChecks(database, change, side),
    foreignKeys: await readForeignKeys(database, column),
  };
}

/** The attachments that cannot have a copy. */
async function readSingle(
  database: Queryable,
  column: TableColumn,
): Promise<Pick<Attachments, 'policies' | 'numbering'>> {
  return {
    policies: await readPolicies(database, column),
    numbering: await readNumbering(database, column),
  };
}

/** Parts the attachments of a column into its own and the copies of those of the other column. */
function parted(
  { indexes, checks, foreignKeys }: Copies,
  namesOfOther: readonly string[],
): { originals: Copies; copies: Copies } {
  const mirrored = new Set(namesOfOther.map((name) => mirrorName(name)));
  const isCopy = ({ name, comment }: { name: string; comment: string | null }) =>
    mirrored.has(name) || isCopyComment(comment);
  const isOriginal = (one: { name: string; comment: string | null }) => !isCopy(one);
  return {
    originals: {
      indexes: indexes.filter(isOriginal),
      checks: checks.filter(isOriginal),
      foreignKeys: foreignKeys.filter(isOriginal),
    },
    copies: {
      indexes: indexes.filter(isCopy),
      checks: checks.filter(isCopy),
      foreignKeys: foreignKeys.filter(isCopy),
    },
  };
}

function namesOf({ indexes, checks, foreignKeys }: Copies): string[] {
  return [...indexes, ...checks, ...foreignKeys].map(({ name }) => name);
}

/** The names of the indexes and constraints of a column, which are cheaper to read than their definitions. */
async function readNames(database: Queryable, { table, column }: TableColumn): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `
    select coalesce(c.relname, con.conname)::text as name
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_depend d
      on d.refclassid = 'pg_class'::regclass and d.refobjid = a.attrelid and d.refobjsubid = a.attnum
    left join pg_catalog.pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid and c.relkind in ('i', 'I')
    left join pg_catalog.pg_constraint con on d.classid = 'pg_constraint'::regclass and con.oid = d.objid
    where a.attrelid = to_regclass($1) and a.attname = $2 and (c.oid is not null or con.oid is not null)`,
    [table, column],
  );
  return rows.map(({ name }) => name);
}
