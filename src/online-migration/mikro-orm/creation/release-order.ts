import type { MigrationNames } from '../../new-change/migration-names.ts';
import type { Decided } from './decisions/decided.ts';

/**
 * Says which of a new migration's files run before the release with the edited entities, and which after it.
 * @returns undefined if there is only one file besides column changes, which have their own steps
 */
export function releaseOrder(
  migrations: MigrationNames,
  { up, fills, drops }: Pick<Decided, 'up' | 'fills' | 'drops'>,
): string | undefined {
  const ordinary = up.trim() === '' ? 0 : 1;
  const required = fills.filter(({ isRequired }) => isRequired).length;
  const filled = ordinary + fills.length + required;
  const dropped = filled + (drops.up === '' ? 0 : 1);
  if (filled === ordinary && dropped < 2) return undefined;
  const step = (files: number, effect: string) =>
    `    npx mikro-orm migration:up --to ${migrations.prefixOf(files - 1)}    ${effect}\n`;
  const before =
    ordinary === 0 ? '' : `  Before it:\n${step(ordinary, 'the new columns, and all other differences')}`;
  const whenAll =
    filled === ordinary
      ? ''
      : `  When all processes run it:\n${step(filled, required === 0 ? 'the values' : 'the values, and NOT NULL')}`;
  const whenNone =
    dropped === filled
      ? ''
      : `  When no process runs an older release:\n${step(dropped, 'the dropped columns and tables')}`;
  return `Release with the edited entities:\n${before}${whenAll}${whenNone}`;
}
