import type { Conversion } from '../../change/column-change.ts';
import type { Obstacle } from '../../change/obstacle.ts';
import { inComment, inTemplate, type NewChange, type NewNames } from './new-change.ts';
import type { ChosenConversion } from './pairs/known-conversions.ts';
import type { WrittenFile } from './written-files.ts';

/** Whether a person removes an obstacle together with writing the conversion. */
export function leftToPerson({ code }: Obstacle): boolean {
  return code === 'NEW_DEFAULT_MISSING';
}

/** A conversion of the right types in place of one that is not written, for the checks of the catalog. */
export function standIn(from: string, to: string): Conversion {
  return { forward: () => `null::${to}`, backward: () => `null::${from}` };
}

/** A conversion of the project's own. */
export function toBeWritten(words: NewNames, conversion: Conversion): ChosenConversion {
  const name = words.conversion;
  return {
    name,
    imports: [name],
    module: `./${words.file}-conversion.ts`,
    expression: name,
    conversion,
    value: { old: 'null', new: 'null' },
  };
}

/** The file of a conversion that the package does not have, for a person to complete. */
export function conversionFile({ table, change, words }: NewChange): WrittenFile {
  const { oldColumn, newColumn } = change;
  const path = `src/${words.folder}/${words.file}-conversion.ts`;
  const [from, to] = [oldColumn.type, newColumn.type];
  return {
    path,
    text: `import { type Conversion, OnlineMigrationError } from 'online-migration';

/**
 * ${inComment(`Values of \`${table.name}.${oldColumn.name}\`: ${from} to ${to} and back.`)}
 *
 * Each function gets an SQL expression, and returns an SQL expression of the other type. It must be null if the other type
 * has no equal value, must not raise an error, and must not depend on settings of the session, such as TimeZone and DateStyle.
 */
export const ${words.conversion}: Conversion = {
  // For example: \`case when \${value} ~ '^[0-9]{1,9}$' then \${value}::integer end\`
  forward: (value) => notWritten('forward', value, ${asCode(from)}, ${asCode(to)}),
  backward: (value) => notWritten('backward', value, ${asCode(to)}, ${asCode(from)}),
};

/** Delete it when both functions are written. Until then, every phase is refused before its first statement. */
function notWritten(name: string, value: string, from: string, to: string): never {
  throw new OnlineMigrationError(
    'CONVERSION_NOT_WRITTEN',
    \`${inTemplate(path)}: write the function \\\`\${name}\\\`. It returns an SQL expression that converts \${value} from \${from} to \${to}, and \` +
      \`is null if there is no equal value.\`,
    { property: name, from, to },
  );
}
`,
  };
}

function asCode(text: string): string {
  return JSON.stringify(text);
}
