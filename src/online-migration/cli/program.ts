import { createRequire } from 'node:module';
import { Command, InvalidArgumentError, Option } from 'commander';
import { useLittleMemory } from '../little-memory/index.ts';
import type { CheckCommand } from './check.ts';
import { FORMATS } from './check/formats.ts';
import type { CreateCommand } from './create.ts';
import { type ProgramOptions, runCommand } from './run-command.ts';

const { description, version } = createRequire(import.meta.url)('../package.json') as {
  description: string;
  version: string;
};
const LONGEST_BATCH_MS = 10_000;
const MOST_WORKERS = 64;

/**
 * Runs `online-migration <command>`. It loads only the modules of that command.
 * @param argv as `process.argv`
 */
export async function runProgram(argv: readonly string[]): Promise<void> {
  await buildProgram().parseAsync(argv);
}

/** The commands, their arguments and their options. */
export function buildProgram(): Command {
  const program = new Command('online-migration')
    .description(description)
    .version(version)
    .option('--config <file>', 'the configuration; by default online-migration.config.ts')
    .option('--json', 'print JSON')
    .configureHelp({ showGlobalOptions: true });
  // A refusal is one sentence; the help text needs --help.
  program.configureOutput({
    outputError: (text, write) => {
      const message = `${text.trimEnd()}\nRun it with --help for its options.`;
      write(
        program.opts<ProgramOptions>().json
          ? `${JSON.stringify({ error: { code: 'WRONG_USAGE', message, details: {} } })}\n`
          : `${message}\nError code: WRONG_USAGE\n`,
      );
    },
  });
  let command = '';
  program.hook('preAction', (_, called) => {
    command = [...pathOf(called), '[change]', ...givenOptions(called), ...givenOptions(program)].join(' ');
  });
  const options = () => ({ ...program.opts<Omit<ProgramOptions, 'command'>>(), command });

  program
    .command('status')
    .description('show the stage of a change and the activity on its table')
    .argument('[change]', 'its name, or table and column')
    .option('--watch', 'show it every second')
    .action((change: string | undefined, { watch = false }: { watch?: boolean }) =>
      runCommand(options(), async (signal) =>
        (await import('./status.ts')).showStatus(change, { ...options(), watch }, signal),
      ),
    );

  program
    .command('survey')
    .description(
      'show which columns of the database can be changed to another type, and the reasons against the others',
    )
    .option('--schema <name>', 'only tables of this schema; without SQL quotes')
    .option('--table <name>', 'only this table, with or without its schema; without SQL quotes')
    .option('--verbose', 'show each column that cannot be changed as it is, with its reasons')
    .action((chosen: { schema?: string; table?: string; verbose?: boolean }) =>
      runCommand(options(), async (signal) =>
        (await import('./survey.ts')).showSurvey({ ...options(), ...chosen }, signal),
      ),
    );

  program
    .command('preflight')
    .description('check a change before it begins: obstacles, and every value of the old column')
    .argument('[change]', 'its name, or table and column')
    .action((change: string | undefined) =>
      runCommand(options(), async (signal) =>
        (await import('./preflight.ts')).checkChange(change, options(), signal),
      ),
    );

  program
    .command('plan')
    .description('show the steps by which the pending migrations will run, and change nothing')
    .action(() => runCommand(options(), async () => (await import('./plan.ts')).showPlan(options())));

  program
    .command('check')
    .description(
      'say for each statement of migrations how it would run; needs no database and no configuration',
    )
    .argument('[paths...]', 'files and folders, in their order; by default the folder migrations')
    .addOption(new Option('--format <format>', 'the form of the report').choices(FORMATS).default('text'))
    .option('--strict', 'exit with 1 also if a statement would be carried out by other steps')
    .option(
      '--from <name>',
      'the first migration that has not run yet; those before it only tell which tables there are',
    )
    .addOption(
      new Option(
        '--url <url>',
        'a database whose catalog is read; without it, all tables count as in use',
      ).env('ONLINE_MIGRATION_CHECK_URL'),
    )
    .action((paths: string[], chosen: Omit<CheckCommand, 'version'>) => {
      const { json } = options();
      const format = json && chosen.format === 'text' ? 'json' : chosen.format;
      return runCommand({ json: format === 'json' }, async () =>
        (await import('./check.ts')).checkMigrations(paths, { ...chosen, format, version }),
      );
    });

  program
    .command('up')
    .description('carry out the next phases of a change')
    .argument('[change]', 'its name, or table and column')
    .option('--to <stage>', 'the last stage to reach; by default the end of the change', 'renamed')
    .action((change: string | undefined, { to }: { to: string }) =>
      runCommand(options(), async (signal) =>
        (await withLittleMemory(() => import('./migrate.ts'))).migrateTo(change, 'up', to, options(), signal),
      ),
    );

  program
    .command('down')
    .description('revert the last phases of a change')
    .argument('[change]', 'its name, or table and column')
    .requiredOption('--to <stage>', 'the stage to go back to')
    .action((change: string | undefined, { to }: { to: string }) =>
      runCommand(options(), async (signal) =>
        (await withLittleMemory(() => import('./migrate.ts'))).migrateTo(
          change,
          'down',
          to,
          options(),
          signal,
        ),
      ),
    );

  const backfill = program
    .command('backfill')
    .description('look at a running backfill, steer it, or work for it');
  backfill
    .command('status', { isDefault: true })
    .description('show how far it is')
    .argument('[change]', 'its name, or table and column')
    .action((change: string | undefined) =>
      runCommand(options(), async () => (await import('./backfill.ts')).showBackfill(change, options())),
    );
  for (const [name, paused] of [
    ['pause', true],
    ['resume', false],
  ] as const) {
    backfill
      .command(name)
      .description(`${name} it, and the phases that follow`)
      .argument('[change]', 'its name, or table and column')
      .action((change: string | undefined) =>
        runCommand(options(), async () =>
          (await import('./backfill.ts')).setBackfill(change, { paused }, options()),
        ),
      );
  }
  backfill
    .command('set')
    .description('change its settings while it runs')
    .argument('[change]', 'its name, or table and column')
    .option('--batch-ms <milliseconds>', 'how long a batch should last', wholeNumber(LONGEST_BATCH_MS))
    .option('--workers <number>', 'how many batches run at once', wholeNumber(MOST_WORKERS))
    .action((change: string | undefined, controls: { batchMs?: number; workers?: number }) =>
      runCommand(options(), async () =>
        (await import('./backfill.ts')).setBackfill(change, controls, options()),
      ),
    );
  backfill
    .command('work')
    .description('fill ranges that a migrating process hands out')
    .argument('[change]', 'its name, or table and column')
    .action((change: string | undefined) =>
      runCommand(options(), async (signal) =>
        (await withLittleMemory(() => import('./backfill.ts'))).workForBackfill(change, options(), signal),
      ),
    );

  program
    .command('create')
    .description("write a migration from the difference between MikroORM's entities and the database")
    .option('--name <words>', 'words for the name of the file')
    .option(
      '--rename <old=new>',
      'a column, a table or a label of an enum has another name; repeatable',
      collected,
    )
    .option(
      '--drop <name>',
      'the values of a column, a table or a label are not needed; repeatable',
      collected,
    )
    .option(
      '--fill <column=expression>',
      'the value of a new required column in the rows that are there, in SQL; repeatable',
      collected,
    )
    .option('--as-written', "write MikroORM's own statements, and ask nothing")
    .action((chosen: CreateCommand) =>
      runCommand(options(), async () => (await import('./create.ts')).createMigration(chosen, options())),
    );

  program
    .command('new')
    .description('write a column change: its declaration and the files that the project needs')
    .option('--table <name>', 'the table, with or without its schema, as in the catalog or as in SQL')
    .option('--column <name>', 'the column, as in the catalog or as in SQL')
    .option('--columns <names>', 'several columns of one change, with commas: created_at,updated_at')
    .option('--to <type>', 'the new type')
    .option('--from <type>', 'the type that the column has')
    .option('--new-column <name>', 'the name of the new column until the rename')
    .option('--rename <name>', 'only give the column this name, in place of --to')
    .option(
      '--rename-in-contract',
      'let contract give the new column the old name, so that the name never disappears',
    )
    .option('--only', 'leave out the columns that refer to the column, if its type becomes wider')
    .option('--zone <zone>', 'the time zone of timestamps without one: Europe/Berlin')
    .option('--phases', 'write a column change, even if one statement changes the type at once')
    .action((wanted: Record<string, string | true | undefined>) =>
      runCommand(options(), async () => (await import('./new.ts')).writeNewChange(wanted, options())),
    );
  return program;
}

/** Collects the values of an option that can be given several times. */
function collected(value: string, values: readonly string[] = []): readonly string[] {
  return [...values, value];
}

/** The names of a command and of those above it, without the program's: `['backfill', 'pause']`. */
function pathOf(command: Command): string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()];
}

/** The options with which a command was called, as they were given. */
function givenOptions(command: Command): string[] {
  return command.options
    .filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli')
    .map((option) =>
      option.required ? `${option.long} ${command.getOptionValue(option.attributeName())}` : option.long!,
    );
}

/** Parses a whole number from 1 on. */
function wholeNumber(greatest: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,6}$/.test(text) ? Number(text) : 0;
    if (number >= 1 && number <= greatest) return number;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${greatest}.`);
  };
}

/** Loads the modules of a command that runs for long, and has them use little memory. */
function withLittleMemory<T>(load: () => Promise<T>): Promise<T> {
  useLittleMemory();
  return load();
}
