import { typeValues } from '../../change/declared-type.ts';
import type { ColumnFacts } from './table-facts.ts';

/**
 * MikroORM's builder for a type without its modifier; `declared` is the catalog's spelling of the type, quoted for
 * TypeScript.
 */
const BUILDERS: readonly [type: RegExp, builder: (declared: string, length: string | null) => string][] = [
  [/^smallint$/, () => 'p.smallint()'],
  [/^integer$/, () => 'p.integer()'],
  [/^bigint$/, () => 'p.bigint()'],
  [/^real$/, () => 'p.float()'],
  [/^double precision$/, () => 'p.double()'],
  [/^text$/, () => 'p.text()'],
  // Without a length, MikroORM would compare the column with varchar(255).
  [
    /^character varying$/,
    (_, length) => (length ? `p.string().length(${length})` : `p.string().columnType('varchar')`),
  ],
  [/^boolean$/, () => 'p.boolean()'],
  [/^uuid$/, () => 'p.uuid()'],
  [/^bytea$/, () => 'p.blob()'],
  [/^jsonb$/, () => 'p.json()'],
  [/^json$/, (declared) => `p.json().columnType(${declared})`],
  [/^date$/, () => 'p.date()'],
  [/^timestamp with(out)? time zone$/, (declared) => `p.datetime().columnType(${declared})`],
  [/\[\]$/, (declared) => `p.array().columnType(${declared})`],
];

/** Types that MikroORM reads from the database under another name, so that it always finds a difference. */
const NOT_COMPARABLE = /\.|^time(\(\d\))? with time zone$|^bit varying|^"char"$|\)\[\]$/;
/** The parts of a quoted name. */
const IDENTIFIER = /"((?:[^"]|"")+)"|[^".[\]]+/g;

/** The options of a column's mapping besides its type. */
type MappedColumn = Pick<ColumnFacts, 'name' | 'type' | 'notNull' | 'default' | 'generated' | 'numbers'>;

/**
 * The ORM's builder for a column's type.
 *
 * @param column its type in the catalog's spelling, and the labels if that is an enum or an array of enums
 * @param schema of the table
 */
export function typeBuilder({ type, labels }: Pick<ColumnFacts, 'type' | 'labels'>, schema: string): string {
  if (labels.length > 0) return enumBuilder(type, labels, schema) + (type.endsWith('[]') ? '.array()' : '');
  const [family, length] = typeValues(type);
  const [, builder] = BUILDERS.find(([pattern]) => pattern.test(family)) ?? [];
  const declared = JSON.stringify(type);
  return (builder?.(declared, length) ?? `p.string().columnType(${declared})`) + comparison(type);
}

/**
 * The builder of the changed column. It names an enum too, because MikroORM would drop an enum that no mapping names.
 */
export function typedColumnBuilder(type: string, labels: readonly string[], schema: string): string {
  const declared = `new TypedColumn(${JSON.stringify(type)})`;
  const builder =
    labels.length === 0 ? `p.type(${declared})` : `${enumBuilder(type, labels, schema)}.type(${declared})`;
  return builder + comparison(type);
}

function comparison(type: string): string {
  return NOT_COMPARABLE.test(type) ? `.ignoreSchemaChanges('type')` : '';
}

/** MikroORM assumes the table's schema for a name without one, and compares it only in `public`. */
function enumBuilder(type: string, labels: readonly string[], schema: string): string {
  const parts = Array.from(
    type.matchAll(IDENTIFIER),
    ([written, quoted]) => quoted?.replaceAll('""', '"') ?? written,
  );
  const name = [schema, parts[0]].every((each) => each === 'public') ? parts.slice(1) : parts;
  return `p.enum(${JSON.stringify(labels)}).nativeEnumName(${JSON.stringify(name.join('.'))})`;
}

/**
 * Writes the calls after the builder of a column's type. A comparison of the schema must find no difference in the
 * column. By default, MikroORM expects an integer key to be a serial, and drops an identity as if it were a default.
 *
 * @param column as in the catalog, under the name for the mapping
 * @param isKey whether the column is in the key
 */
export function columnOptions(column: MappedColumn, isKey: boolean): string {
  const { name, type, notNull, numbers, generated } = column;
  return [
    isKey ? '.primary()' : '',
    numbering(numbers, isKey && /^(smallint|integer|bigint)$/.test(type)),
    generated === null ? '' : `.generated(${JSON.stringify(generated)})`,
    column.default === null ? '' : `.defaultRaw(${JSON.stringify(column.default)})`,
    notNull ? '' : '.nullable()',
    `.fieldName(${JSON.stringify(name)})`,
  ].join('');
}

function numbering(numbers: ColumnFacts['numbers'], isIntegerKey: boolean): string {
  if (numbers === 'always') return `.autoincrement().generated('identity')`;
  if (numbers === 'by default') return `.autoincrement().generated('by default as identity')`;
  if (numbers === 'sequence') return '.autoincrement()';
  return isIntegerKey ? '.autoincrement(false)' : '';
}
