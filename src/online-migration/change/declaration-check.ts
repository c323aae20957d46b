import type { Column, ColumnChange, ColumnPair, Conversion } from './column-change.ts';
import { typeValues } from './declared-type.ts';
import { OnlineMigrationError } from './online-migration-error.ts';

/** A declaration that cannot work as written. */
export class DeclarationError extends OnlineMigrationError {
  override readonly name = 'DeclarationError';
}

/** Whether a value has the form of a property, and a description of that form. */
interface Form {
  readonly is: (value: unknown) => boolean;
  readonly form: string;
  readonly optional?: true;
}

/** An entry for each property, so that the compiler finds one that was forgotten. */
type Forms<Declared> = { readonly [Property in keyof Required<Declared>]: Form };

const isText = (value: unknown) => typeof value === 'string' && value !== '';
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText);
const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isFunction = (value: unknown) => typeof value === 'function';

const text: Form = { is: isText, form: 'a text that is not empty' };
const object: Form = { is: isObject, form: 'an object' };
const flag: Form = { is: (value) => typeof value === 'boolean', form: 'true or false' };
const texts: Form = { is: isTexts, form: 'a list of texts' };
const expression: Form = { is: isFunction, form: 'a function of an SQL expression' };
const optional = (form: Form): Form => ({ ...form, optional: true });

const CHANGE: Forms<ColumnChange> = {
  name: optional(text),
  table: { is: isObject, form: 'an object such as { schema: "public", name: "orders" }' },
  key: { is: (value) => isText(value) || isTexts(value), form: 'the name of a column, or a list of names' },
  columns: { is: Array.isArray, form: 'a list of columns' },
  firesInBackfill: optional(texts),
  reviewed: optional(texts),
  renameInContract: optional(flag),
};
const TABLE: Forms<ColumnChange['table']> = { schema: text, name: text };
const PAIR: Forms<ColumnPair> = {
  from: object,
  to: object,
  conversion: optional(object),
  nullable: optional(flag),
  index: optional(flag),
};
const conditions: Form = {
  is: (value) => isObject(value) && Object.values(value as object).every(isText),
  form: 'an object with a condition, as a text, for each check',
};
const expressions: Form = {
  is: conditions.is,
  form: 'an object with an expression, as a text, for each generated column',
};
/** Properties of a column that give an expression for each type, by the name of an object. */
const BY_NAME = [
  { property: 'checks', kind: 'check', value: 'condition' },
  { property: 'generated', kind: 'generated column', value: 'expression' },
] as const;
const COLUMN: Forms<Column> = {
  name: text,
  type: text,
  default: optional(text),
  checks: optional(conditions),
  generated: optional(expressions),
};
const CONVERSION: Forms<Conversion> = {
  forward: expression,
  forwardInBulk: optional(expression),
  backward: {
    is: (value) => isFunction(value) || value === 'not reversible',
    form: 'a function of an SQL expression, or "not reversible"',
  },
  isInvertible: optional({ is: (value) => typeof value === 'boolean', form: 'true or false' }),
  serverVersion: optional({ is: Number.isInteger, form: 'a whole number' }),
};

/**
 * Checks the form of a declaration, because a JavaScript project has no compiler that does.
 * @throws DeclarationError at the first property that is missing, unknown or of another form
 */
export function assertDeclaration(change: ColumnChange): void {
  check('the change', change, CHANGE);
  check('table', change.table, TABLE);
  for (const [index, pair] of change.columns.entries()) {
    const path = `columns[${index}]`;
    check(path, pair, PAIR);
    check(`${path}.from`, pair.from, COLUMN);
    check(`${path}.to`, pair.to, COLUMN);
    assertBothSides(path, pair);
    if (pair.conversion === undefined) assertRename(change, path, pair);
    else check(`${path}.conversion`, pair.conversion, CONVERSION);
  }
  assertTogether(change);
}

/** Several columns must be different ones, and a rename has other phases. */
function assertTogether({ columns }: ColumnChange): void {
  const names = columns.flatMap(({ from, to }) =>
    from.name === to.name ? [from.name] : [from.name, to.name],
  );
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined) {
    throw invalid('columns', `names the column ${twice} twice`, { path: 'columns', property: twice });
  }
  for (const side of ['from', 'to'] as const) assertOneExpression(columns, side);
  const place = columns.findIndex(({ conversion }) => conversion === undefined);
  if (place === -1 || columns.length === 1) return;
  const path = `columns[${place}]`;
  throw invalid(path, 'has no `conversion`, and a rename is a change of its own: take it out of `columns`', {
    path,
    property: 'conversion',
  });
}

/** A check or a generated column that uses several columns may be declared with each of them. */
function assertOneExpression(columns: readonly ColumnPair[], side: 'from' | 'to'): void {
  for (const { property, kind, value } of BY_NAME) {
    const declared = new Map<string, string>();
    for (const [place, { [side]: column }] of columns.entries()) {
      for (const [name, declaredValue] of Object.entries(column[property] ?? {})) {
        const path = `columns[${place}].${side}`;
        if ((declared.get(name) ?? declaredValue) !== declaredValue) {
          throw invalid(
            path,
            `has another ${value} for the ${kind} ${name} than an earlier column: declare the same one`,
            { path, property },
          );
        }
        declared.set(name, declaredValue);
      }
    }
  }
}

/** Each way needs the expression of its own type. */
function assertBothSides(path: string, { from, to }: ColumnPair): void {
  for (const { property, kind, value } of BY_NAME) {
    const [before, after] = [Object.keys(from[property] ?? {}), Object.keys(to[property] ?? {})];
    const single = [...before, ...after].find((name) => !before.includes(name) || !after.includes(name));
    if (single === undefined) continue;
    const [missing, declared] = before.includes(single) ? ['to', 'from'] : ['from', 'to'];
    throw invalid(
      path,
      `has the ${kind} ${single} in \`${declared}.${property}\` only: declare its ${value} in \`${missing}.${property}\` too`,
      { path, property: `${missing}.${property}` },
    );
  }
}

/** A rename changes the name alone. Anything else that it declares would not happen. */
function assertRename(
  { renameInContract }: ColumnChange,
  path: string,
  { from, to, index }: ColumnPair,
): void {
  if (!isSameType(from.type, to.type)) {
    throw new DeclarationError(
      'CONVERSION_MISSING',
      `In the declaration of a change, \`${path}\` has no \`conversion\` from ${from.type} to ${to.type}: declare one. ` +
        `To rename the column only, declare the type ${from.type} twice.`,
      { path, from: from.type, to: to.type },
    );
  }
  const problems: [isDeclared: boolean, property: string, problem: string][] = [
    [from.name === to.name, 'to.name', 'has the same name in `from` and `to`'],
    [from.default !== to.default, 'to.default', 'has another default in `to` than in `from`'],
    [from.checks !== undefined, 'from.checks', 'has `checks`'],
    [from.generated !== undefined, 'from.generated', 'has `generated`'],
    [index === true, 'index', 'has `index`'],
    [renameInContract === true, 'renameInContract', 'belongs to a change with `renameInContract`'],
  ];
  const found = problems.find(([isDeclared]) => isDeclared);
  if (found === undefined) return;
  const [, property, problem] = found;
  throw invalid(
    path,
    `${problem}, but without a \`conversion\` the change only gives the column another name`,
    {
      path,
      property,
    },
  );
}

/** The same spelling, apart from spaces in the modifier and, outside quotes, the case. */
function isSameType(one: string, other: string): boolean {
  const [first, second] = [one, other].map((type) => {
    const [name, modifier] = typeValues(type.trim());
    return `${name.includes('"') ? name : name.toLowerCase()}(${modifier ?? ''})`;
  });
  return first === second;
}

function check<Declared>(path: string, declared: Declared, forms: Forms<Declared>): void {
  if (!isObject(declared)) throw invalid(path, 'must be an object', { path });
  const unknown = Object.keys(declared as object).find((property) => !(property in forms));
  if (unknown !== undefined) {
    throw invalid(
      path,
      `has an unknown property \`${unknown}\`; it may have ${Object.keys(forms).join(', ')}`,
      {
        path,
        property: unknown,
      },
    );
  }
  for (const [property, { is, form, optional: mayBeAbsent }] of Object.entries<Form>(forms)) {
    const value = declared[property as keyof Declared];
    if ((value === undefined && mayBeAbsent) || is(value)) continue;
    throw invalid(path, `needs \`${property}\`: ${form}`, { path, property });
  }
}

function invalid(
  path: string,
  problem: string,
  details: { path: string; property?: string },
): DeclarationError {
  const subject = path === 'the change' ? path : `\`${path}\``;
  return new DeclarationError(
    'DECLARATION_INVALID',
    `In the declaration of a change, ${subject} ${problem}.`,
    details,
  );
}
