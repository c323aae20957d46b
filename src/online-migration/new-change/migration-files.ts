import { posix } from 'node:path';
import { phaseNamesOf } from '../change/phase-name.ts';
import { headerOf } from './migration-header.ts';
import { inComment, migrationPath, type NewChange } from './new-change.ts';
import type { WrittenFile } from './written-files.ts';

/** The migrations of a change, one for each phase, in order. */
export function migrationFiles(subject: NewChange): WrittenFile[] {
  const { change, words } = subject;
  return phaseNamesOf(change).map((verb, index) => ({
    path: `${migrationPath(subject, index, verb)}.ts`,
    text: `import { phases } from 'online-migration';
import { ColumnMigration } from 'online-migration/mikro-orm';
import { ${words.declaration} } from '${toSources(subject)}${words.folder}/${words.file}-change.ts';

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

/** The path from a migration to the sources: `../src/`. */
function toSources({ migrations }: NewChange): string {
  const path = posix.relative(migrations.folder, 'src');
  return `${path.startsWith('.') ? path : `./${path}`}/`;
}
