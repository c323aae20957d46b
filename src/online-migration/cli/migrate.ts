import type { ColumnChange } from '../change/column-change.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { changeNamesOf } from '../change/names.ts';
import { logEvents } from '../observation/event-log.ts';
import { readStage, type Stage, STAGES, stagesOf } from '../observation/stage.ts';
import type { PhaseName } from '../change/phase-name.ts';
import { refuseEditedDeclaration } from '../phases/phase.ts';
import { phasesOf } from '../phases/phases.ts';
import { openRunner } from '../phases/run-phase.ts';
import { Session } from '../postgres/session.ts';
import { readRecordedPhases } from '../state/phase-ledger.ts';
import { chosenChange } from './project/chosen-change.ts';
import {
  connectionOf,
  describeConnection,
  loadConfig,
  type OnlineMigrationConfig,
} from './project/config-file.ts';
import type { ProgramOptions } from './run-command.ts';

interface Target {
  readonly direction: 'up' | 'down';
  readonly to: Stage;
}

/**
 * Runs the phases of a change up to a stage, or reverts those after it.
 * @param name of the change, if the configuration has several
 * @param to the stage
 */
export async function migrateTo(
  name: string | undefined,
  direction: 'up' | 'down',
  to: string,
  { config: file, command }: ProgramOptions,
  signal: AbortSignal,
): Promise<void> {
  const config = await loadConfig(file);
  await migrate(config, chosenChange(name, { ...config, command }), { direction, to: stageOf(to) }, signal);
}

async function migrate(
  config: OnlineMigrationConfig,
  change: ColumnChange,
  target: Target,
  signal: AbortSignal,
): Promise<void> {
  const connection = await connectionOf(config);
  console.log(describeConnection(connection));
  const { change: changeName } = changeNamesOf(change);
  const report = (names: readonly PhaseName[]) =>
    console.log(`${changeName} is at ${target.to}${names.length === 0 ? ' already' : ''}.`);
  if (config.mikroOrm !== undefined) {
    const names = phasesBetween(change, await stageNow(connection, change), target);
    // A project without MikroORM does not have its packages.
    const { runPhaseMigrations } = await import('../mikro-orm/phase-migrations.ts');
    if (names.length > 0) await runPhaseMigrations(config.mikroOrm, change, names, target.direction, signal);
    return report(names);
  }
  using eventLog = logEvents((line) => console.log(line));
  const { settings } = config;
  await using runner = await openRunner({
    connection,
    signal,
    onEvent: eventLog.listen,
    ...(settings && { settings }),
  });
  // Under the lock, because another process may have run phases until now.
  const names = await phasesToRun(runner.session, change, target);
  for (const name of names) {
    signal.throwIfAborted();
    console.log(`${name} ${target.direction}`);
    await runner.run(change, name, target.direction);
  }
  report(names);
}

/** The phases to run without MikroORM. A backfill that has finished and was killed before its record runs again. */
async function phasesToRun(session: Session, change: ColumnChange, target: Target): Promise<PhaseName[]> {
  await refuseEditedDeclaration({ session, change }, 'migrate');
  const stage = await readStage(session, change);
  const names = phasesBetween(change, stage, target);
  if (target.direction === 'down' || stage !== 'backfilled') return names;
  const recorded = (await readRecordedPhases(session, change)).map(({ phase }) => phase);
  return recorded.includes('backfill') ? names : ['backfill', ...names];
}

async function stageNow(connection: Parameters<typeof Session.open>[0], change: ColumnChange) {
  await using session = await Session.open(connection, 'online-migration stage');
  await refuseEditedDeclaration({ session, change }, 'migrate');
  return await readStage(session, change);
}

/** The phases from one stage to another, in order. */
function phasesBetween(change: ColumnChange, stage: Stage, { direction, to }: Target): PhaseName[] {
  refuseOtherStage(change, to);
  const [from, target] = [STAGES.indexOf(stage), STAGES.indexOf(to)];
  if (direction === 'up' ? target < from : target > from) {
    throw new OnlineMigrationError(
      'WRONG_DIRECTION',
      `${changeNamesOf(change).change} is at ${stage}, which is ${direction === 'up' ? 'past' : 'before'} ${to}: use ` +
        `\`${direction === 'up' ? 'down' : 'up'} --to ${to}\`.`,
    );
  }
  const [low, high] = direction === 'up' ? [from, target] : [target, from];
  // A phase that was interrupted has left the database between its two stages.
  const names = phasesOf(change)
    .filter((phase) => STAGES.indexOf(phase.to) > low && STAGES.indexOf(phase.from) < high)
    .map(({ name }) => name);
  return direction === 'up' ? names : names.toReversed();
}

function refuseOtherStage(change: ColumnChange, to: Stage): void {
  const stages = stagesOf(change);
  if (stages.includes(to)) return;
  throw new OnlineMigrationError(
    'STAGE_UNKNOWN',
    `The change ${changeNamesOf(change).change} has no stage ${to}. Its stages are: ${stages.join(', ')}.`,
    { stage: to, stages },
  );
}

function stageOf(text: string): Stage {
  const stage = STAGES.find((known) => known === text);
  if (stage !== undefined) return stage;
  throw new OnlineMigrationError(
    'STAGE_UNKNOWN',
    `There is no stage ${text}. The stages are: ${STAGES.join(', ')}.`,
  );
}
