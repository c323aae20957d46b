import type { CodeForm } from './code-form.ts';
import { codeIn } from './code-in.ts';
import { inComment, inSentence, inTemplate, type NewChange } from './new-change.ts';
import { type OwnConversion, ownConversionsOf } from './own-conversions.ts';
import { typeAlias } from './type-alias.ts';
import type { WrittenFile } from './written-files.ts';

/** The files of the conversions that the package does not have, for a person to complete. */
export function conversionFiles(subject: NewChange, form: CodeForm): WrittenFile[] {
  return ownConversionsOf(subject).map((own) => conversionFile(subject, own, form));
}

function conversionFile(
  { table }: NewChange,
  { name, module, columns }: OwnConversion,
  form: CodeForm,
): WrittenFile {
  const path = `${module}.${form.ending}`;
  const code = codeIn(form.syntaxOf(path));
  const { oldColumn, newColumn } = columns[0].change;
  const [from, to] = [typeAlias(oldColumn.type), typeAlias(newColumn.type)];
  const places = inSentence(columns.map(({ facts }) => `\`${table.name}.${facts.name}\``));
  return {
    path,
    text: `${code.first}${code.imports([...(code.isTyped ? ['type Conversion'] : []), 'OnlineMigrationError'], 'online-migration')}
/**
 * ${inComment(`Values of ${places}: ${from} to ${to} and back.`)}
 *
 * Each function gets an SQL expression, and returns an SQL expression of the other type. It must be null if the other type
 * has no equal value, must not raise an error, and must not depend on settings of the session, such as TimeZone and DateStyle.
${code
  .typeComment("import('online-migration').Conversion")
  .map((line) => ` *\n * ${line}\n`)
  .join('')} */
${code.exporting}const ${name}${code.typed(': Conversion')} = {
  // For example: \`case when \${value} ~ '^[0-9]{1,9}$' then \${value}::integer end\`
  forward: (value) => notWritten('forward', value, ${asCode(from)}, ${asCode(to)}),
  backward: (value) => notWritten('backward', value, ${asCode(to)}, ${asCode(from)}),
};

/** Delete it when both functions are written. Until then, every phase is refused before its first statement. */
function notWritten(${['name', 'value', 'from', 'to'].map((each) => each + code.typed(': string')).join(', ')})${code.typed(': never')} {
  throw new OnlineMigrationError(
    'CONVERSION_NOT_WRITTEN',
    \`${inTemplate(path)}: write the function \\\`\${name}\\\`. It returns an SQL expression that converts \${value} from \${from} to \${to}, and \` +
      \`is null if there is no equal value.\`,
    { property: name, from, to },
  );
}
${code.exports(name)}`,
  };
}

function asCode(text: string): string {
  return JSON.stringify(text);
}
