import type { Attachments, Copies } from './attachments.ts';
import { isOfEarlierDefinition, type Original } from './copy-comment.ts';
import type { ForeignKey } from './foreign-keys.ts';
import { mirrorName } from './table-column.ts';

/**
 * Divides copies into those that have the definition of their original, and those that have to go because the original
 * was dropped, renamed or replaced.
 * @param own the attachments of one column
 * @param mirrors the copies that the other column has
 */
export function compareCopies(
  own: Copies,
  mirrors: Copies,
): { readonly current: Copies; readonly outdated: Copies } {
  const indexes = divide(own.indexes, mirrors.indexes, () => true);
  const checks = divide(own.checks, mirrors.checks, () => true);
  const foreignKeys = divide(
    own.foreignKeys,
    mirrors.foreignKeys,
    // A foreign key to this table may use the index that goes.
    ({ isTarget }) => !isTarget || !indexes.outdated.some(({ isUnique }) => isUnique),
    (key, copy) => key.owner === copy.owner,
  );
  return {
    current: { indexes: indexes.current, checks: checks.current, foreignKeys: foreignKeys.current },
    outdated: { indexes: indexes.outdated, checks: checks.outdated, foreignKeys: foreignKeys.outdated },
  };
}

/** The attachments of one column without a copy that has their definition. */
export function withoutCopies(own: Attachments, current: Copies): Copies {
  return {
    indexes: own.indexes.filter(({ name }) => !has(current.indexes, name)),
    checks: own.checks.filter(({ name }) => !has(current.checks, name)),
    foreignKeys: own.foreignKeys.filter((key) => !isCopied(key, current.foreignKeys)),
  };
}

/** The attachments of one column that have a copy, of whichever definition. */
export function withCopies(own: Attachments, mirrors: Copies): Copies {
  return {
    indexes: own.indexes.filter(({ name }) => has(mirrors.indexes, name)),
    checks: own.checks.filter(({ name }) => has(mirrors.checks, name)),
    foreignKeys: own.foreignKeys.filter((key) => isCopied(key, mirrors.foreignKeys)),
  };
}

/**
 * The copies without an original, which can be dropped while the others remain. A foreign key to the table may use a
 * unique index.
 */
export function orphansOf(own: Attachments, mirrors: Copies): Copies {
  const indexes = mirrors.indexes.filter((copy) => !own.indexes.some((one) => isCopy(one, copy)));
  const checks = mirrors.checks.filter((copy) => !own.checks.some((one) => isCopy(one, copy)));
  const foreignKeys = mirrors.foreignKeys.filter((copy) => !own.foreignKeys.some((one) => isCopy(one, copy)));
  const isReferred = mirrors.foreignKeys.some((copy) => copy.isTarget && !foreignKeys.includes(copy));
  return { indexes: indexes.filter(({ isUnique }) => !isUnique || !isReferred), checks, foreignKeys };
}

/** Whether there is none. */
export function areNone({ indexes, checks, foreignKeys }: Copies): boolean {
  return indexes.length + checks.length + foreignKeys.length === 0;
}

function isCopy(original: { readonly name: string }, copy: { readonly name: string }): boolean {
  return mirrorName(original.name) === copy.name;
}

function has(copies: readonly { readonly name: string }[], name: string): boolean {
  return copies.some((copy) => copy.name === mirrorName(name));
}

function isCopied({ name, owner }: ForeignKey, copies: readonly ForeignKey[]): boolean {
  return has(
    copies.filter((copy) => copy.owner === owner),
    name,
  );
}

function divide<One extends Original & { readonly comment: string | null }>(
  own: readonly One[],
  copies: readonly One[],
  isUsable: (copy: One) => boolean,
  areOfOneTable: (original: One, copy: One) => boolean = () => true,
): { current: One[]; outdated: One[] } {
  const isCurrent = (copy: One) =>
    isUsable(copy) &&
    own.some(
      (original) =>
        isCopy(original, copy) &&
        areOfOneTable(original, copy) &&
        !isOfEarlierDefinition(copy.comment, original),
    );
  return { current: copies.filter(isCurrent), outdated: copies.filter((copy) => !isCurrent(copy)) };
}
