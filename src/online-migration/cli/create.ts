import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { type AnswerOptions, answersFrom } from '../mikro-orm/creation/questions/answers.ts';
import { connectionOf, describeConnection, loadConfig } from './project/config-file.ts';
import type { ProgramOptions } from './run-command.ts';

/** The options of `create`. */
export interface CreateCommand extends AnswerOptions {
  readonly name?: string;
  readonly asWritten?: true;
}

/**
 * `online-migration create`: `migration:create` of MikroORM, with options that answer the questions of a new migration.
 * @throws OnlineMigrationError if an answer is missing
 */
export async function createMigration(
  { name, asWritten, ...answers }: CreateCommand,
  { config: file, json }: ProgramOptions,
): Promise<void> {
  const given = answersFrom(answers);
  if (asWritten && given.renames.size + given.drops.size + given.fills.size > 0) {
    throw new OnlineMigrationError(
      'WRONG_USAGE',
      "--as-written writes MikroORM's own statements, which ask nothing: leave out --rename, --drop and --fill. Nothing was written.",
    );
  }
  const config = await loadConfig(file);
  if (config.mikroOrm === undefined) {
    throw new OnlineMigrationError(
      'MIGRATOR_NOT_REGISTERED',
      "A migration is made from MikroORM's entities, and the configuration has no `mikroOrm`: add it.",
    );
  }
  // A project without MikroORM does not have its packages.
  const { createMigrationOf } = await import('../mikro-orm/new-migrations.ts');
  if (!json) console.log(describeConnection(await connectionOf(config)));
  const { fileName, diff } = await createMigrationOf(
    config.mikroOrm,
    asWritten ? 'as written' : given,
    name,
    json === true,
  );
  if (json) console.log(JSON.stringify({ files: fileName === '' ? [] : fileName.split(', '), ...diff }));
  else
    console.log(
      fileName === '' ? 'The entities and the database are equal: nothing to write.' : `Written: ${fileName}`,
    );
}
