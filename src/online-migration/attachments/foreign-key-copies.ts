import { escapeIdentifier } from 'pg';
import { copyComment } from './copy-comment.ts';
import type { ForeignKey, ForeignKeyPart } from './foreign-keys.ts';
import { mirrorName } from './table-column.ts';

/**
 * The statements that create the same foreign key for other columns. It applies to new writes and is not validated. A
 * deferrable one is deferred while both exist: `set constraints` with the name of the original would not defer the copy.
 * @param otherNames the names of the other columns by those of the changed ones, unquoted
 */
export function mirrorForeignKeyStatements(
  foreignKey: ForeignKey,
  otherNames: ReadonlyMap<string, string>,
): string[] {
  return copyStatements(
    foreignKey,
    foreignKey,
    foreignKey.isEnforced ? ' not valid' : ' not enforced',
    otherNames,
  );
}

/**
 * The statements that create the copy on one of the leaves of its partitioned table, before that of the table itself.
 * @param leaf the original's part
 */
export function leafForeignKeyStatements(
  foreignKey: ForeignKey,
  { table, name }: ForeignKeyPart,
  otherNames: ReadonlyMap<string, string>,
): string[] {
  return copyStatements(foreignKey, { owner: table, name }, ' not valid', otherNames);
}

/**
 * The statements that create the copy of a foreign key of a partitioned table. All leaves must have a valid copy by then:
 * PostgreSQL takes these over and reads no row. Up to PostgreSQL 17, it has no NOT VALID for a partitioned table.
 */
export function wholeForeignKeyStatements(
  foreignKey: ForeignKey,
  otherNames: ReadonlyMap<string, string>,
): string[] {
  return copyStatements(foreignKey, foreignKey, '', otherNames);
}

function copyStatements(
  foreignKey: ForeignKey,
  { owner, name }: Pick<ForeignKey, 'owner' | 'name'>,
  state: string,
  otherNames: ReadonlyMap<string, string>,
): string[] {
  const { columns, target, targetColumns, options, columnsToSet, isSource, isTarget } = foreignKey;
  const list = (names: readonly string[], isReplaced: boolean) =>
    names
      .map((column) => escapeIdentifier((isReplaced ? otherNames.get(column) : undefined) ?? column))
      .join(', ');
  const mirror = escapeIdentifier(mirrorName(name));
  return [
    `alter table ${owner} add constraint ${mirror} foreign key (${list(columns, isSource)}) references ${target} (${list(targetColumns, isTarget)})` +
      options.replace('%columns', () => `(${list(columnsToSet, isSource)})`) +
      (foreignKey.isDeferrable ? ' deferrable initially deferred' : '') +
      state,
    `comment on constraint ${mirror} on ${owner} is ${copyComment(foreignKey)}`,
  ];
}
