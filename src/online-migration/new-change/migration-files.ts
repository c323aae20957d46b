import { posix } from 'node:path';
import { phaseNamesOf } from '../change/phase-name.ts';
import type { CodeForm } from './code-form.ts';
import { codeIn } from './code-in.ts';
import { headerOf } from './migration-header.ts';
import { inComment, migrationPath, type NewChange } from './new-change.ts';
import type { WrittenFile } from './written-files.ts';

/** The migrations of a change, one for each phase, in order. */
export function migrationFiles(subject: NewChange, form: CodeForm): WrittenFile[] {
  const { change, words } = subject;
  return phaseNamesOf(change).map((verb, index) => {
    const path = `${migrationPath(subject, index, verb)}.${form.ending}`;
    const code = codeIn(form.syntaxOf(path));
    const name = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}${words.pascal}`;
    const declaration = `${toSources(subject)}${words.folder}/${words.file}-change${form.imported}`;
    return {
      path,
      text: `${code.first}${code.imports(['phases'], 'online-migration')}${code.imports(['ColumnMigration'], 'online-migration/mikro-orm')}${code.imports([words.declaration], declaration)}
/**
${headerOf(subject, verb)
  .map((line) => (line === '' ? ' *' : ` * ${inComment(line)}`))
  .join('\n')}
 */
${code.exporting}class ${name} extends ColumnMigration {
  ${code.typed('override readonly ')}change = ${words.declaration};
  ${code.typed('override readonly ')}phase = phases.${verb};
}
${code.exports(name)}`,
    };
  });
}

/** The path from a migration to the sources: `../src/`. */
function toSources({ migrations }: NewChange): string {
  const path = posix.relative(migrations.folder, 'src');
  return path === '' ? './' : `${path.startsWith('.') ? path : `./${path}`}/`;
}
