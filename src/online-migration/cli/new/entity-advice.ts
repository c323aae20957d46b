import { isRename } from '../../change/changed-column.ts';
import type { NewChange } from './new-change.ts';

/** Characters that MikroORM would read as the end of a schema's name, or as a parameter. */
const UNMAPPABLE = /[.?]/;

/** The `oldType` of a change. */
export interface OldType {
  /** The expression that creates it: `new BigIntType()`. */
  readonly expression: string;
  /** Sentences: the reason for it, and how to get it. */
  readonly reason: readonly string[];
}

/** The reason why MikroORM cannot map the column, as a sentence; null if it can. */
export function unmappableReason({ table, change }: Pick<NewChange, 'table' | 'change'>): string | null {
  if (table.key.length === 0) return 'MikroORM maps no table without a key';
  const names = [table.schema, table.name, ...table.key, change.oldColumn.name, change.newColumn.name];
  const name = names.find((text) => UNMAPPABLE.test(text));
  if (name === undefined) return null;
  return `MikroORM cannot write the name ${JSON.stringify(name)}, which has a point or a question mark`;
}

/**
 * The lines that say how an application with MikroORM follows the change with one entity.
 * @param isTemplate whether the application has features, which list their changes
 */
export function entityAdvice(subject: NewChange, isTemplate: boolean): string[] {
  const { table, change, words } = subject;
  const { oldColumn, newColumn } = change;
  const oldType = oldTypeOf(subject);
  const option = oldType === null ? '' : `, oldType: ${oldType.expression}`;
  const after = isRename(change)
    ? `gets the column ${newColumn.name}, and keeps its type. `
    : `gets the type ${newColumn.type}, and keeps the column's name. `;
  return [
    `Keep one entity of ${table.name}. It describes the table after the change: the property of the column ${oldColumn.name}`,
    after +
      (isTemplate
        ? `List the change in the feature of the table:`
        : `Open the ORM with \`followedOrm\` instead of \`MikroORM.init\`:`),
    `  changes: [{ change: ${words.declaration}${option} }]`,
    ...(oldType?.reason ?? [
      isRename(change)
        ? `In SQL of your own, \`columnOf\` gives the column's name.`
        : `MikroORM's own types give the same values for both columns, so the change needs no \`oldType\`.`,
    ]),
    `docs/${isTemplate ? 'adapting' : 'existing-project'}.md shows the lines.`,
  ];
}

/**
 * The type for the old column, if MikroORM's own types of the two columns give a property different values.
 * @returns null if MikroORM's own types serve
 */
export function oldTypeOf({
  conversion,
  change,
  words,
  zone,
}: Pick<NewChange, 'conversion' | 'change' | 'words' | 'zone'>): OldType | null {
  const { oldColumn, newColumn } = change;
  const differ = (from: string, to: string) =>
    `MikroORM reads ${oldColumn.type} as a ${from}, and ${newColumn.type} as a ${to}.`;
  const own = `${words.pascal}OldType`;
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
          `MikroORM reads ${oldColumn.type} in UTC, and this column is in ${zone}.`,
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
      `MikroORM reads ${from} as a ${old}, and ${to} as a ${added}.`,
      `Write the class ${name}: it extends MikroORM's \`Type\`, and gives the property of the old column the values of the new one.`,
    ],
  };
}
