import { phaseNamesOf } from '../change/phase-name.ts';
import { headerOf } from './migration-header.ts';
import { inComment, migrationNumber, type NewChange } from './new-change.ts';
import type { WrittenFile } from './written-files.ts';

/** The migrations of a change, one for each phase, in order. */
export function migrationFiles(subject: NewChange): WrittenFile[] {
  const { change, words } = subject;
  return phaseNamesOf(change).map((verb, index) => ({
    path: `migrations/${migrationNumber(subject, index)}_${verb}_${words.migration}.ts`,
    text: `import { phases } from 'online-migration';
import { ColumnMigration } from 'online-migration/mikro-orm';
import { ${words.declaration} } from '../src/${words.folder}/${words.file}-change.ts';

/**
${headerOf(subject, verb)
  .map((line) => (line === '' ? ' *' : ` * ${inComment(line)}`))
  .join('\n')}
 */
export class ${verb.charAt(0).toUpperCase()}${verb.slice(1)}${words.pascal} extends ColumnMigration {
  override readonly change = ${words.declaration};
  override readonly phase = phases.${verb};
}
`,
  }));
}
