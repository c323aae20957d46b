import { parseArgs } from 'node:util';
import { type MigrationTargets, MigrationTargetError } from './migration-target.ts';

/**
 * Refuses options that MikroORM's command line has dropped. It drops an option with an empty value (`--to "$UNSET"`),
 * and `--only` next to `--to` or `--from`, and then runs everything. This compares the written options with the
 * received ones.
 * @param argv arguments after the script's name
 * @param arrived the migrator's arguments
 * @throws MigrationTargetError if a written option was not received
 */
export function refuseForgottenOptions(argv: readonly string[], arrived: MigrationTargets): void {
  const { values } = parseArgs({
    args: [...argv],
    strict: false,
    options: {
      to: { type: 'string', short: 't' },
      from: { type: 'string', short: 'f' },
      only: { type: 'string', short: 'o' },
    },
  });
  if (values.only !== undefined && (values.to !== undefined || values.from !== undefined)) {
    throw new MigrationTargetError(
      'OPTIONS_CONFLICT',
      '--only cannot be combined with --to or --from: use one of them.',
    );
  }
  const forgotten =
    values.to !== undefined && arrived.to === undefined
      ? '--to'
      : values.from !== undefined && arrived.from === undefined
        ? '--from'
        : values.only !== undefined && arrived.migrations === undefined
          ? '--only'
          : undefined;
  if (forgotten === undefined) return;
  throw new MigrationTargetError(
    'OPTION_WITHOUT_VALUE',
    `${forgotten} has no value. Name a migration, or leave ${forgotten} out to run all that are pending.`,
    { option: forgotten },
  );
}
