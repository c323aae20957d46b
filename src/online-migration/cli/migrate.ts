import { changedColumnOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { namesOf } from '../change/names.ts';
import { logEvents } from '../observation/event-log.ts';
import { readStage, type Stage, STAGES } from '../observation/stage.ts';
import { PHASE_NAMES, type PhaseName } from '../change/phase-name.ts';
import { phases } from '../phases/phases.ts';
import { runPhase } from '../phases/run-phase.ts';
import { Session } from '../postgres/session.ts';
import { chosenChange } from './project/chosen-change.ts';
import {
  connectionOf,
  describeConnection,
  loadConfig,
  type OnlineMigrationConfig,
} from './project/config-file.ts';
import type { ProgramOptions } from './run-command.ts';

/** Options of `up` and `down`. */
interface MigrateOptions extends ProgramOptions {
  /** The last stage to reach. */
  readonly to?: string | undefined;
}

/** Runs the phases of a change up to a stage. */
export async function migrateUp(
  name: string | undefined,
  { config: file, to = 'renamed' }: MigrateOptions,
  signal: AbortSignal,
): Promise<void> {
  const config = await loadConfig(file);
  const change = chosenChange(name, config.changes);
  await migrate(config, change, { direction: 'up', to: stageOf(to) }, signal);
}

/** Reverts the phases of a change down to a stage. */
export async function migrateDown(
  name: string | undefined,
  { config: file, to = 'initial' }: MigrateOptions,
  signal: AbortSignal,
): Promise<void> {
  const config = await loadConfig(file);
  const change = chosenChange(name, config.changes);
  await migrate(config, change, { direction: 'down', to: stageOf(to) }, signal);
}

async function migrate(
  config: OnlineMigrationConfig,
  change: ColumnChange,
  target: { readonly direction: 'up' | 'down'; readonly to: Stage },
  signal: AbortSignal,
): Promise<void> {
  const connection = await connectionOf(config);
  console.log(describeConnection(connection));
  const stage = await stageNow(connection, change);
  const names = phasesBetween(change, stage, target);
  if (names.length === 0) {
    console.log(`${namesOf(changedColumnOf(change)).change} is at ${stage} already.`);
    return;
  }
  if (config.mikroOrm !== undefined) {
    // A project without MikroORM does not have its packages.
    const { runPhaseMigrations } = await import('../mikro-orm/phase-migrations.ts');
    await runPhaseMigrations(config.mikroOrm, change, names, target.direction);
  } else {
    using eventLog = logEvents((line) => console.log(line));
    for (const name of names) {
      signal.throwIfAborted();
      console.log(`${name} ${target.direction}`);
      await runPhase(change, name, target.direction, {
        connection,
        signal,
        onEvent: eventLog.listen,
        ...(config.settings && { settings: config.settings }),
      });
    }
  }
  console.log(`${namesOf(changedColumnOf(change)).change} is at ${target.to}.`);
}

async function stageNow(connection: Parameters<typeof Session.open>[0], change: ColumnChange) {
  await using session = await Session.open(connection, 'online-migration stage');
  return await readStage(session, changedColumnOf(change));
}

/** The phases from one stage to another, in order. */
function phasesBetween(
  change: ColumnChange,
  stage: Stage,
  { direction, to }: { readonly direction: 'up' | 'down'; readonly to: Stage },
): PhaseName[] {
  const [from, target] = [STAGES.indexOf(stage), STAGES.indexOf(to)];
  if (direction === 'up' ? target < from : target > from) {
    throw new OnlineMigrationError(
      'WRONG_DIRECTION',
      `${namesOf(changedColumnOf(change)).change} is at ${stage}, which is ${direction === 'up' ? 'past' : 'before'} ${to}: use ` +
        `\`${direction === 'up' ? 'down' : 'up'} --to ${to}\`.`,
    );
  }
  const [low, high] = direction === 'up' ? [from, target] : [target, from];
  const names = PHASE_NAMES.filter((name) => {
    const place = STAGES.indexOf(phases[name].to);
    return place > low && place <= high;
  });
  return direction === 'up' ? names : names.toReversed();
}

function stageOf(text: string): Stage {
  const stage = STAGES.find((known) => known === text);
  if (stage !== undefined) return stage;
  throw new OnlineMigrationError(
    'STAGE_UNKNOWN',
    `There is no stage ${text}. The stages are: ${STAGES.join(', ')}.`,
  );
}
