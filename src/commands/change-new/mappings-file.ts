import { inComment, type NewChange, propertyNames } from './new-change.ts';
import type { ColumnFacts } from './table-facts.ts';
import type { WrittenFile } from './written-files.ts';

/** The ORM's builder for each type that it has one for; a modifier is filled in where the type has one. */
const BUILDERS: Readonly<Record<string, (modifier: string | undefined) => string>> = {
  smallint: () => 'p.smallint()',
  integer: () => 'p.integer()',
  bigint: () => 'p.bigint()',
  text: () => 'p.text()',
  'character varying': (length) => (length === undefined ? 'p.string()' : `p.string().length(${length})`),
  boolean: () => 'p.boolean()',
  uuid: () => 'p.uuid()',
  jsonb: () => 'p.json()',
  date: () => 'p.date()',
  'timestamp with time zone': () => 'p.datetime()',
};

/** The file with the three mappings of the table, one for each form that it has during the change. */
export function mappingsFile({ table, change, words }: NewChange): WrittenFile {
  const { oldColumn, newColumn, nullable } = change;
  const others = table.columns.filter(({ name }) => name !== oldColumn.name);
  const properties = propertyNames(table.columns);
  const isKey = table.key.includes(oldColumn.name);
  const suffix = `${isKey ? '.primary()' : ''}${nullable ? '.nullable()' : ''}`;
  const mapping = (role: string, name: string, column: string, type: string) => `
/** ${inComment(role)} */
export const ${words.declaration.replace(/Change$/, name)}: EntitySchema = defineEntity({
  name: '${words.pascal}${name}',
  tableName,
  schema,
  properties: {
    ...sharedProperties,
    ${properties.get(oldColumn.name)}: p.type(new TypedColumn(${JSON.stringify(type)})).fieldName(${JSON.stringify(column)})${suffix},
  },
});
`;
  const prefix = words.declaration.replace(/Change$/, '');
  return {
    path: `src/${words.folder}/${words.file}-mappings.ts`,
    text: `import { defineEntity, p, type EntitySchema } from '@mikro-orm/core';
import { TypedColumn } from '../online-migration/typed-column.ts';

const tableName = ${JSON.stringify(table.name)};
const schema = ${JSON.stringify(table.schema)};

/** What the three mappings share. Give the changed property one JavaScript type of your own in all of them. */
const sharedProperties = {
${others.map((column) => `  ${properties.get(column.name)}: ${builderOf(column, table.key)},`).join('\n')}
};
${mapping(`Up to contract: \`${oldColumn.name}\` is a ${oldColumn.type}.`, 'Old', oldColumn.name, oldColumn.type)}${mapping(
      `Between the switchover and rename: the value is in \`${newColumn.name}\`.`,
      'New',
      newColumn.name,
      newColumn.type,
    )}${mapping(`In the end: \`${oldColumn.name}\` is a ${newColumn.type}.`, 'Renamed', oldColumn.name, newColumn.type)}
/** The mapping for each form of the table, by \`form\` of the active column. Register all three with the ORM. */
export const ${words.mappings} = { old: ${prefix}Old, new: ${prefix}New, renamed: ${prefix}Renamed };
`,
  };
}

function builderOf({ name, type, notNull, isNumbered }: ColumnFacts, key: readonly string[]): string {
  const [, base = type, modifier] = /^([^(]+)\(([^)]*)\)$/.exec(type) ?? [];
  const known = BUILDERS[base]?.(modifier);
  const builder = known ?? `p.string().columnType(${JSON.stringify(type)})`;
  const isKey = key.includes(name);
  return (
    builder +
    (isKey ? '.primary()' : '') +
    (isNumbered && !isKey ? '.autoincrement()' : '') +
    (notNull ? '' : '.nullable()') +
    `.fieldName(${JSON.stringify(name)})`
  );
}
