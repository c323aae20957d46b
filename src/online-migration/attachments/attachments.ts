import { changedColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { otherSide, type Side } from '../sync/filled-column.ts';
import { newColumnIndexName } from '../change/names.ts';
import { type CarriedCheck, readChecks } from './checks.ts';
import { isCopyComment } from './copy-comment.ts';
import { type ForeignKey, readForeignKeys } from './foreign-keys.ts';
import { type GeneratedColumn, readGeneratedColumns } from './generated-columns.ts';
import { type CarriedIndex, readIndexes } from './indexes.ts';
import { type Numbering, readNumbering } from './numbering.ts';
import { type CarriedPolicy, readPolicies } from './policies.ts';
import { type CarriedFilter, readFilters } from './published-tables.ts';
import { readSubqueryPolicies, type SubqueryPolicy } from './subquery-policies.ts';
import { columnAt, columnsAt, mirrorName } from './table-column.ts';

/** The attachments of the columns on one side, which the columns of the other side take over. */
export interface Attachments {
  /** All indexes on the columns, including those of the primary key and of unique constraints. */
  readonly indexes: readonly CarriedIndex[];
  /** All checks that use one of the columns, apart from the package's own. */
  readonly checks: readonly CarriedCheck[];
  /** All foreign keys on the columns, at either end. */
  readonly foreignKeys: readonly ForeignKey[];
  /** The table's policies that use one of the columns of the row itself. They have no copies. */
  readonly policies: readonly CarriedPolicy[];
  /** The policies of all tables that read one of the columns in a subquery. They have no copies. */
  readonly subqueryPolicies: readonly SubqueryPolicy[];
  /** The row filters of publications that use one of the columns. They have no copies. */
  readonly filters: readonly CarriedFilter[];
  /** The table's generated columns whose expressions use one of the columns. They have no copies. */
  readonly generated: readonly GeneratedColumn[];
}

/** Attachments that both columns have while both exist. */
export type Copies = Pick<Attachments, 'indexes' | 'checks' | 'foreignKeys'>;

/**
 * Reads the attachments of the columns on one side.
 *
 * The name of a copy is derived from the original's name. So if both sides have an index, a check or a foreign
 * key, the one with the plain name is the original. A copy whose original is gone is known by its comment.
 */
export async function readAttachments(
  database: Queryable,
  change: ColumnChange,
  side: Side,
): Promise<Attachments> {
  return (await readAttachmentsAndCopies(database, change, side)).own;
}

/** Reads the attachments of the columns on one side, and their copies on the other side. */
export async function readAttachmentsAndCopies(
  database: Queryable,
  change: ColumnChange,
  side: Side,
): Promise<{ own: Attachments; mirrors: Copies }> {
  const { [side]: here, [otherSide(side)]: there } = await readBothSides(database, change);
  const policies = await readPolicies(database, columnsAt(change, side));
  const subqueryPolicies = await readSubqueryPolicies(database, columnsAt(change, side));
  const filters = await readFilters(database, change, side);
  const generated = await readGeneratedColumns(database, columnsAt(change, side));
  return {
    own: { ...parted(here, namesOf(there)).originals, policies, subqueryPolicies, filters, generated },
    mirrors: parted(there, namesOf(here)).copies,
  };
}

async function readBothSides(database: Queryable, change: ColumnChange): Promise<Record<Side, Copies>> {
  const { table, columns: old } = columnsAt(change, 'old');
  const { columns: added } = columnsAt(change, 'new');
  const both = { table, columns: [...old, ...added] };
  const indexes = await readIndexes(database, both);
  const checks = await readChecks(database, change, both);
  const foreignKeys = await readForeignKeys(database, both);
  // Only a new column has the declared index.
  const declared = changedColumnsOf(change)
    .filter(({ index }) => index)
    .map((column) => newColumnIndexName(column, change.table.name));
  const on = (columns: readonly string[]): Copies => {
    const isOn = ({ uses }: { readonly uses: readonly string[] }) =>
      uses.some((name) => columns.includes(name));
    return {
      indexes: indexes.filter(isOn),
      checks: checks.filter(isOn),
      foreignKeys: foreignKeys.on(columns),
    };
  };
  const onNew = on(added);
  return {
    old: on(old),
    new: { ...onNew, indexes: onNew.indexes.filter(({ name }) => !declared.includes(name)) },
  };
}

/** Reads the sources of the columns' numbers on one side: identities and sequences. */
export async function readNumberings(
  database: Queryable,
  change: ColumnChange,
  side: Side,
): Promise<Numbering[]> {
  const numberings: Numbering[] = [];
  for (const column of changedColumnsOf(change)) {
    const numbering = await readNumbering(database, columnAt(column, side));
    if (numbering !== null) numberings.push(numbering);
  }
  return numberings;
}

/** Parts the attachments of one side into its own and the copies of those of the other side. */
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
