import { escapeIdentifier } from 'pg';
import type { ForeignKey } from './foreign-keys.ts';
import { ownComment } from './index-handover.ts';
import { mirrorName } from './table-column.ts';

/**
 * The statements that drop a foreign key and give its name to its copy, also in partitions, under the locks of both tables. They
 * only change the catalog.
 * @param copies the copies of foreign keys on the other side
 */
export function foreignKeyHandover(key: ForeignKey, copies: readonly ForeignKey[]): string[] {
  const { owner, name, isDeferrable, isDeferred } = key;
  const copy = copies.find((one) => one.name === mirrorName(name) && one.owner === owner);
  return [
    `alter table ${owner} drop constraint ${escapeIdentifier(name)}`,
    ...renamed(key, mirrorName(name)),
    ...(isDeferrable && !isDeferred
      ? [`alter table ${owner} alter constraint ${escapeIdentifier(name)} deferrable initially immediate`]
      : []),
    ...key.parts.flatMap((part) => {
      const successor = copy?.parts.find(
        ({ table, target }) => table === part.table && target === part.target,
      );
      return successor === undefined ? [] : renamed({ ...part, owner: part.table }, successor.name);
    }),
  ];
}

function renamed(
  { owner, name, comment }: Pick<ForeignKey, 'owner' | 'name' | 'comment'>,
  from: string,
): string[] {
  const quoted = escapeIdentifier(name);
  return [
    `alter table ${owner} rename constraint ${escapeIdentifier(from)} to ${quoted}`,
    ownComment(`constraint ${quoted} on ${owner}`, comment),
  ];
}
