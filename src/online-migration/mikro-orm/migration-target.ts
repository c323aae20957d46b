import { OnlineMigrationError } from '../change/online-migration-error.ts';

/** A requested migration does not exist, or its name is ambiguous. Nothing was changed. */
export class MigrationTargetError extends OnlineMigrationError {
  override readonly name = 'MigrationTargetError';
}

/** The targets of `migration:up` and `migration:down`; each name may be abbreviated to a prefix. */
export interface MigrationTargets {
  readonly from?: string | number | undefined;
  readonly to?: string | number | undefined;
  readonly migrations?: readonly string[] | undefined;
}

/** The same with whole names; `to: 0` is MikroORM's value for "revert all". */
export interface ResolvedTargets {
  readonly from?: string;
  readonly to?: string | 0;
  readonly migrations?: string[];
}

/**
 * Completes prefixes to names. If a name does not match, MikroORM's own migrator runs, or reverts, everything.
 * @param method the direction
 * @param targets as the command line gave them
 * @param known the names of all migrations
 * @param applied the names of applied migrations
 * @throws MigrationTargetError if a prefix matches no migration or several, or if the target does not fit the
 *   direction
 */
export function resolveTargets(
  method: 'up' | 'down',
  targets: MigrationTargets,
  known: readonly string[],
  applied: readonly string[],
): ResolvedTargets {
  if (method === 'down' && targets.from !== undefined) {
    throw new MigrationTargetError(
      'OPTION_NOT_SUPPORTED',
      'migration:down does not know --from: it starts from the last migration that has run. Use --to or --only.',
      { option: '--from' },
    );
  }
  const from = targets.from === undefined ? undefined : resolveName('--from', String(targets.from), known);
  const migrations = targets.migrations?.map((name) => resolveName('--only', name, known));
  if (method === 'down' && migrations !== undefined) refuseGaps(migrations, applied);
  if (targets.to === undefined) return { ...(from && { from }), ...(migrations && { migrations }) };
  if (method === 'down' && targets.to === 0) return { to: 0 };
  const to = resolveName('--to', String(targets.to), known);
  if (method === 'down' && !applied.includes(to)) {
    throw new MigrationTargetError(
      'MIGRATION_NOT_APPLIED',
      `Cannot run migration:down --to ${to}: ${to} has not been applied. ` +
        `Applied: ${applied.join(', ') || 'none'}.`,
      { migration: to, applied },
    );
  }
  return { ...(from && { from }), to };
}

/** The last ones must be reverted first, because they build on earlier ones. */
function refuseGaps(migrations: readonly string[], applied: readonly string[]): void {
  const last = applied.slice(applied.length - migrations.length);
  if (migrations.every((name) => last.includes(name))) return;
  throw new MigrationTargetError(
    'MIGRATIONS_NOT_LAST',
    `Cannot run migration:down --only ${migrations.join(',')}: only the last migrations that have run can be reverted. ` +
      `Applied: ${applied.join(', ') || 'none'}.`,
    { migrations, applied },
  );
}

/**
 * Completes a prefix to a name.
 * @param option the option that contains it, for the error
 * @param known the names of all migrations
 * @throws MigrationTargetError if it matches no migration or several
 */
export function resolveName(option: string, beginning: string, known: readonly string[]): string {
  const wanted = beginning.replace(/\.[jt]s$/, '');
  if (known.includes(wanted)) return wanted;
  const fitting =
    wanted.trim() === ''
      ? []
      : known.filter((name) => name.replace(/^Migration(?=\d)/, '').startsWith(wanted));
  const [only, ...others] = fitting;
  if (only !== undefined && others.length === 0) return only;
  if (only === undefined) {
    throw new MigrationTargetError(
      'MIGRATION_UNKNOWN',
      `No migration's name begins with "${beginning}" (${option}). The migrations are: ${known.join(', ') || 'none'}.`,
      { option, beginning, known },
    );
  }
  throw new MigrationTargetError(
    'MIGRATION_AMBIGUOUS',
    `More than one migration's name begins with "${beginning}" (${option}): ${fitting.join(', ')}. Write more of it.`,
    { option, beginning, fitting },
  );
}
