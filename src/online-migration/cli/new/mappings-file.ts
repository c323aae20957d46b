import type { Column } from '../../change/column-change.ts';
import { columnOptions, typeBuilder, typedColumnBuilder } from './mapped-columns.ts';
import { inComment, type NewChange, propertyNames } from './new-change.ts';
import type { WrittenFile } from './written-files.ts';

/** Characters that MikroORM would read as the end of a schema's name, or as a parameter. */
const UNMAPPABLE = /[.?]/;

/** The reason why the ORM cannot map the table, as a sentence; null if it can. */
export function unmappableReason({ table, change }: NewChange): string | null {
  if (table.key.length === 0) return 'The ORM maps no table without a key';
  const names = [table.schema, table.name, ...table.columns.map(({ name }) => name), change.newColumn.name];
  const name = names.find((text) => UNMAPPABLE.test(text));
  if (name === undefined) return null;
  return `The ORM cannot write the name ${JSON.stringify(name)}, which has a point or a question mark`;
}

/** The file with the three mappings of the table, one for each form. */
export function mappingsFile({ table, change, labels, words }: NewChange): WrittenFile {
  const { oldColumn, newColumn } = change;
  const properties = propertyNames(table.columns);
  const columns = new Map(table.columns.map((column) => [column.name, column]));
  const changed = columns.get(oldColumn.name)!;
  const place = table.key.indexOf(changed.name);
  const isKey = place !== -1;
  // The ORM takes the order of a composite key from the order of the properties.
  const before = isKey ? table.key.slice(0, place) : [];
  const others = [...new Set([...table.key, ...columns.keys()])].filter(
    (name) => name !== changed.name && !before.includes(name),
  );
  const lines = (names: readonly string[]) =>
    names
      .map((name) => {
        const column = columns.get(name)!;
        return `  ${properties.get(name)}: ${typeBuilder(column, table.schema)}${columnOptions(column, table.key.includes(name))},`;
      })
      .join('\n');
  const mapping = (role: string, suffix: string, name: string, { type, default: value }: Column) => {
    const options = columnOptions({ ...changed, name, type, default: value ?? null }, isKey);
    const typed = typedColumnBuilder(type, type === newColumn.type ? labels : [], table.schema);
    const property = `${properties.get(changed.name)}: ${typed}${options},`;
    const leading = before.length > 0 ? '...leadingKey, ' : '';
    return `
/** ${inComment(role)} */
export const ${words.declaration.replace(/Change$/, suffix)}: EntitySchema = defineEntity({
  name: '${words.pascal}${suffix}',
  tableName,
  schema,
  ${uniqueKey(table, properties)}properties: { ${isKey ? `${leading}${property} ...sharedProperties` : `...sharedProperties, ${property}`} },
});
`;
  };
  const prefix = words.declaration.replace(/Change$/, '');
  return {
    path: `src/${words.folder}/${words.file}-mappings.ts`,
    text: `import { defineEntity, p, type EntitySchema } from '@mikro-orm/core';
import { TypedColumn } from 'online-migration/mikro-orm';

const tableName = ${JSON.stringify(table.name)};
const schema = ${JSON.stringify(table.schema)};
${before.length === 0 ? '' : `\n/** The key columns before the changed column. */\nconst leadingKey = {\n${lines(before)}\n};\n`}
/**
 * The part that the three mappings share: the columns and the key; indexes, foreign keys and triggers are yours to add. Give the
 * changed property one JavaScript type of your own in all of them.
 */
const sharedProperties = {
${lines(others)}
};
${mapping(`Up to contract: \`${oldColumn.name}\` is a ${oldColumn.type}.`, 'Old', oldColumn.name, oldColumn)}${mapping(
      `Between the switchover and rename: the value is in \`${newColumn.name}\`.`,
      'New',
      newColumn.name,
      newColumn,
    )}${mapping(`In the end: \`${oldColumn.name}\` is a ${newColumn.type}.`, 'Renamed', oldColumn.name, newColumn)}
/** The mapping for each form of the table, by \`form\` of the active column. Register all three with the ORM. */
export const ${words.mappings} = { old: ${prefix}Old, new: ${prefix}New, renamed: ${prefix}Renamed };
`,
  };
}

/** A key that is not a primary key is an index. The ORM must know it, or it would offer to drop it. */
function uniqueKey({ key, indexes }: NewChange['table'], properties: ReadonlyMap<string, string>): string {
  const index = indexes.find(({ keyColumns, isUnique }) => isUnique && keyColumns.join() === key.join());
  if (index === undefined || index.isPrimary) return '';
  const names = key.map((name) => properties.get(name));
  return `uniques: [{ name: ${JSON.stringify(index.name)}, properties: ${JSON.stringify(names)} }],\n  `;
}
