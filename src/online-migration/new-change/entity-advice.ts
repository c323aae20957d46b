import { isRename } from '../change/changed-column.ts';
import { inSentence, namesFor, type NewChange, type NewColumn } from './new-change.ts';
import { typeAlias } from './type-alias.ts';

/** Characters that MikroORM would read as the end of a schema's name, or as a parameter. */
const UNMAPPABLE = /[.?]/;

/** A name that a property has without quotes. */
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** The `oldType` of a column. */
export interface OldType {
  /** The expression that creates it: `new BigIntType()`. */
  readonly expression: string;
  /** Sentences: the reason for it, and how to get it. */
  readonly reason: readonly string[];
}

/** The reason why MikroORM cannot map the column, as a sentence; null if it can. */
export function unmappableReason({ table, columns }: Pick<NewChange, 'table' | 'columns'>): string | null {
  if (table.key.length === 0) return 'MikroORM maps no table without a key';
  const changed = columns.flatMap(({ change }) => [change.oldColumn.name, change.newColumn.name]);
  const names = [table.schema, table.name, ...table.key, ...changed];
  const name = names.find((text) => UNMAPPABLE.test(text));
  if (name === undefined) return null;
  return `MikroORM cannot write the name ${JSON.stringify(name)}, which has a point or a question mark`;
}

/**
 * The lines that say how an application with MikroORM follows the change with one entity.
 * @param isTemplate whether the application has features, which list their changes
 */
export function entityAdvice(subject: NewChange, isTemplate: boolean): string[] {
  const { table, change, columns, words } = subject;
  const { newColumn } = columns[0].change;
  const isOne = columns.length === 1;
  const old = inSentence(columns.map(({ facts }) => facts.name));
  const oldTypes = oldTypesOf(subject);
  const after = isRename(change)
    ? `gets the column ${newColumn.name}, and keeps its type. `
    : isOne
      ? `gets the type ${typeAlias(newColumn.type)}, and keeps the column's name. `
      : `get the type ${typeAlias(newColumn.type)}, and keep the columns' names. `;
  return [
    `Keep one entity of ${table.name}. It describes the table after the change: the ${isOne ? 'property of the column' : 'properties of the columns'} ${old}`,
    after +
      (isTemplate
        ? `List the change in the feature of the table:`
        : `Open the ORM with \`followedOrm\` instead of \`MikroORM.init\`:`),
    `  changes: [{ change: ${words.declaration}${optionOf(oldTypes, columns.length)} }]`,
    ...(oldTypes.length > 0
      ? new Set(oldTypes.flatMap(({ oldType }) => oldType.reason))
      : [
          isRename(change)
            ? `In SQL of your own, \`columnOf\` gives the column's name.`
            : `MikroORM's own types give the same values for ${isOne ? 'both columns' : 'the old and the new columns'}, so the change needs no \`oldType\`.`,
        ]),
    `docs/${isTemplate ? 'adapting' : 'existing-project'}.md shows the lines.`,
  ];
}

/** The types for the old columns that need one. */
interface NamedOldType {
  readonly column: string;
  readonly oldType: OldType;
}

/** The `oldType` of each column that needs one. */
export function oldTypesOf({
  table,
  columns,
  words,
  zone,
}: Pick<NewChange, 'table' | 'columns' | 'words' | 'zone'>): NamedOldType[] {
  return columns.flatMap((column) => {
    // Columns that convert in the same way share a class.
    const alike = columns.filter((other) => kindOf(other) === kindOf(column));
    const { pascal } =
      alike.length === columns.length
        ? words
        : namesFor(
            table,
            alike.map(({ facts }) => facts.name),
          );
    const oldType = oldTypeOf(column, `${pascal}OldType`, zone);
    return oldType === null ? [] : [{ column: column.facts.name, oldType }];
  });
}

function kindOf({ facts, conversion }: NewColumn): string {
  return `${facts.type} ${conversion?.expression}`;
}

/** The option of `followedOrm` or of a feature: the type itself if the change has one column, else by the column. */
function optionOf(oldTypes: readonly NamedOldType[], columns: number): string {
  const [first] = oldTypes;
  if (first === undefined) return '';
  if (columns === 1) return `, oldType: ${first.oldType.expression}`;
  const entries = oldTypes.map(
    ({ column, oldType }) =>
      `${IDENTIFIER.test(column) ? column : JSON.stringify(column)}: ${oldType.expression}`,
  );
  return `, oldType: { ${entries.join(', ')} }`;
}

/**
 * The type for the old column, if MikroORM's own types of the two columns give a property different values.
 * @param own the name of a class of the application
 * @param zone of timestamps without a time zone
 * @returns null if MikroORM's own types serve
 */
function oldTypeOf({ conversion, change }: NewColumn, own: string, zone: string): OldType | null {
  const { oldColumn, newColumn } = change;
  const differ = (from: string, to: string) =>
    `MikroORM reads ${typeAlias(oldColumn.type)} as a ${from}, and ${typeAlias(newColumn.type)} as a ${to}.`;
  if (conversion === null) return null;
  switch (conversion.name) {
    case 'integerToBigint':
      return {
        expression: 'new BigIntType()',
        reason: [
          `${differ('number', 'bigint')} \`BigIntType\` is MikroORM's.`,
          `If the property is a \`p.bigint('number')\`, omit \`oldType\`.`,
        ],
      };
    case 'textToTimestamptz':
    case 'textToTimestamptzOf':
      return {
        expression: `new ${own}()`,
        reason: [
          differ('string', 'Date'),
          `Write the class ${own}: it extends MikroORM's \`Type<Date, string>\`, writes texts that ${conversion.name} converts,`,
          `and returns 'Date' from \`compareAsType\`.`,
        ],
      };
    case 'timestampToTimestamptz':
      // MikroORM reads a timestamp without a time zone as UTC.
      if (zone === 'UTC') return null;
      return {
        expression: `new ${own}()`,
        reason: [
          `MikroORM reads ${typeAlias(oldColumn.type)} in UTC, and this column is in ${zone}.`,
          `Write the class ${own}: it extends MikroORM's \`DateTimeType\`, and converts with \`at time zone\` in SQL.`,
        ],
      };
    case 'textToJsonb':
      return {
        expression: 'new JsonType()',
        reason: [`${differ('string', 'parsed value')} \`JsonType\` is MikroORM's, and parses the text.`],
      };
    case 'booleanToText':
      return {
        expression: `new TypedColumn('boolean')`,
        reason: [
          differ('boolean', 'string'),
          `\`TypedColumn\` is of online-migration/mikro-orm. It reads the texts true and false; for other texts, write a class`,
          `that extends MikroORM's \`Type<string, boolean>\`.`,
        ],
      };
    default:
      return otherOldType(oldColumn.type, newColumn.type, own);
  }
}

/** The types of JavaScript in which MikroORM reads the types of PostgreSQL. A text is read as a string. */
const READ_AS: readonly [type: RegExp, readAs: string][] = [
  [/\[\]$/, 'array'],
  [/^(?:smallint|integer|real|double precision)$/, 'number'],
  [/^bigint$/, 'bigint'],
  [/^boolean$/, 'boolean'],
  [/^timestamp/, 'Date'],
  [/^jsonb?$/, 'parsed value'],
  [/^bytea$/, 'Buffer'],
];

/** A class of the application, if MikroORM reads the two types as different types of JavaScript. */
function otherOldType(from: string, to: string, name: string): OldType | null {
  const [old, added] = [from, to].map(
    (type) => READ_AS.find(([pattern]) => pattern.test(type))?.[1] ?? 'string',
  );
  if (old === added && old !== 'array') return null;
  return {
    expression: `new ${name}()`,
    reason: [
      `MikroORM reads ${typeAlias(from)} as a ${old}, and ${typeAlias(to)} as a ${added}.`,
      `Write the class ${name}: it extends MikroORM's \`Type\`, and gives the property of the old column the values of the new one.`,
    ],
  };
}
