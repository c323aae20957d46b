import { findObstacles, findPreparations, findUnreviewed } from '../attachments/obstacles/obstacles.ts';
import { changeNamesOf } from '../change/names.ts';
import type { Obstacle } from '../change/obstacle.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import type { Session } from '../postgres/session.ts';
import { isToBeWritten, type NewChange } from './new-change.ts';
import { joined } from './refusals.ts';
import { leftToPerson } from './stand-in.ts';

/** The reasons for which one change cannot be written. */
interface Reasons {
  readonly plan: NewChange;
  /** The obstacles that forbid the change come first. */
  readonly obstacles: readonly Obstacle[];
  /** Whether the change can be written: a person removes all obstacles before expand. */
  readonly isForLater: boolean;
}

/**
 * Refuses changes of which the package cannot run one. The error also names the obstacles that only expand refuses, so that
 * all can be removed at once.
 * @returns one obstacle for each object that a person must review, and each preparation by an administrator, before
 *   expand
 */
export async function refuseObstacles(session: Session, plans: readonly NewChange[]): Promise<Obstacle[]> {
  const all: Reasons[] = [];
  for (const plan of plans) all.push(await readReasons(session, plan));
  if (all.every(({ isForLater }) => isForLater)) {
    const found = all.flatMap(({ obstacles }) => obstacles);
    return found.filter(
      ({ message }, place) => found.findIndex((other) => other.message === message) === place,
    );
  }
  const refused = all.filter(({ isForLater }) => !isForLater);
  if (refused.every(({ obstacles }) => obstacles.length === 0)) {
    throw joined(refused.flatMap(({ plan }) => plan.refusals));
  }
  const { change: name, table } = changeNamesOf(plans.at(-1)!.change);
  const list = all
    .flatMap(({ plan, obstacles }) => {
      const sentences = [...obstacles, ...plan.refusals].map(({ message }) => `  ${message}`);
      return plans.length === 1 || sentences.length === 0
        ? sentences
        : [`  ${changeNamesOf(plan.change).change}:`, ...sentences.map((sentence) => `  ${sentence}`)];
    })
    .join('\n');
  throw new OnlineMigrationError(
    'OBSTACLES',
    plans.length === 1
      ? `${name} cannot be changed as it is, and nothing was written:\n${list}`
      : `${name} cannot be changed together with the columns that refer to it, and nothing was written:\n${list}`,
    { change: name, table, obstacles: all.flatMap(({ obstacles }) => obstacles) },
  );
}

async function readReasons(session: Session, plan: NewChange): Promise<Reasons> {
  const { change, refusals } = plan;
  const isIncomplete = plan.columns.some(isToBeWritten) || refusals.length > 0;
  const obstacles = (await findObstacles(session, change)).filter(
    (one) => !isIncomplete || !leftToPerson(one),
  );
  if (obstacles.length === 0) return { plan, obstacles, isForLater: refusals.length === 0 };
  const later = [
    ...(await findPreparations(session, change)),
    ...(await findUnreviewed(session, change, 'old')),
  ];
  const isLater = ({ message }: Obstacle) => later.some((other) => other.message === message);
  return {
    plan,
    obstacles: [...obstacles.filter((one) => !isLater(one)), ...obstacles.filter(isLater)],
    isForLater: refusals.length === 0 && obstacles.every(isLater),
  };
}
