import type { LockedPlan } from '../postgres/exclusive-lock.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { readAttachmentsAndCopies } from './attachments.ts';
import { mirrorForeignKeyStatements } from './foreign-key-copies.ts';
import { foreignKeyHandover } from './foreign-key-handover.ts';
import { otherEnds } from './foreign-keys.ts';
import { mirrorName, otherNames } from './table-column.ts';

/**
 * Plans how foreign keys with `set default` are handed over to the old column together with the default.
 *
 * Of two foreign keys, the older one acts first. On a column without a default, `set default` would set null, and the
 * default of the other column would not be used. So the one on the new column is created again, after the other one. It
 * is not validated, because the other one has checked the same rows.
 */
export async function planDefaultKeys(database: Queryable, change: ColumnChange): Promise<LockedPlan> {
  const { own, mirrors } = await readAttachmentsAndCopies(database, change, 'new');
  const pairs = own.foreignKeys
    .filter(({ isSource, options }) => isSource && options.includes(' set default'))
    .flatMap((key) =>
      mirrors.foreignKeys
        .filter((copy) => copy.name === mirrorName(key.name) && copy.owner === key.owner)
        .map((copy) => ({ key, copy })),
    );
  return {
    statements: pairs.flatMap(({ key, copy }) => [
      ...foreignKeyHandover(key, [copy]),
      ...mirrorForeignKeyStatements({ ...copy, name: key.name }, otherNames(change, 'old')),
    ]),
    ...otherEnds(pairs.map(({ key }) => key)),
  };
}
