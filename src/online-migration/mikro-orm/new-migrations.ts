import type { MigrationResult } from '@mikro-orm/migrations';
import { MikroORM, type Options } from '@mikro-orm/postgresql';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import type { Answers } from './creation/questions/answers.ts';
import { terminalOf } from './creation/questions/ask-in-terminal.ts';
import { neutralizePool } from './mikro-orm-command.ts';
import { OnlineMigrator } from './online-migrator.ts';

/**
 * Writes a new migration of a MikroORM project, as `npx mikro-orm migration:create` does.
 *
 * @param configuration MikroORM's options, or a function that returns them
 * @param answers to the questions that the migration raises; `as written` for MikroORM's own statements
 * @param name for the file
 * @param isQuiet whether standard output belongs to the caller: the migrator then writes to standard error, and asks nothing
 */
export async function createMigrationOf(
  configuration: unknown,
  answers: Answers | 'as written',
  name: string | undefined,
  isQuiet: boolean,
): Promise<MigrationResult> {
  const options = (await (typeof configuration === 'function' ? configuration() : configuration)) as Options;
  const orm = await MikroORM.init(isQuiet ? { ...options, logger: (text) => console.error(text) } : options);
  neutralizePool(orm);
  try {
    const { migrator } = orm;
    if (!(migrator instanceof OnlineMigrator)) {
      throw new OnlineMigrationError(
        'MIGRATOR_NOT_REGISTERED',
        'MikroORM is configured without `...onlineMigrations()`: spread it into its options.',
      );
    }
    migrator.answerBy(answers, isQuiet ? undefined : terminalOf(process.stdin, process.stdout));
    return await migrator.create(undefined, false, false, name);
  } finally {
    await orm.close();
  }
}
