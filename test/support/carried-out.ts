import type { OnlineMigrationEvent } from '../../src/online-migration/index.ts';
import { carryOut } from '../../src/online-migration/ordinary/carry-out.ts';
import type { Step } from '../../src/online-migration/ordinary/planning/step.ts';
import { planMigration, refuseRefused } from '../../src/online-migration/ordinary/plan-migration.ts';
import { type SettingsOptions, settingsOf } from '../../src/online-migration/phases/settings.ts';
import { Session } from '../../src/online-migration/postgres/session.ts';

const LIMIT_MS = 60_000;

/** The parts of a run that differ from test to test. */
export interface CarryingOut {
  readonly signal?: AbortSignal;
  readonly heard?: (event: OnlineMigrationEvent) => unknown;
  readonly settings?: SettingsOptions;
}

/**
 * Carries out statements as a migration. Its entry in the ledger is the table `public.ledger`.
 * @param url of the database, for the role that migrates
 * @returns the kinds of the planned steps; none for a migration that was interrupted before
 */
export async function carriedOut(
  url: string,
  statements: readonly string[],
  { signal, heard = () => undefined, settings = {} }: CarryingOut = {},
): Promise<Step['kind'][]> {
  const open = () => Session.open({ connectionString: url }, 'migration');
  await using session = await open();
  const kinds: Step['kind'][] = [];
  const limit = AbortSignal.timeout(LIMIT_MS);
  await carryOut({
    migration: 'Migration',
    direction: 'up',
    statements,
    plan: async () => {
      const plan = await planMigration(session, statements);
      refuseRefused(plan, 'Migration');
      kinds.push(...plan.steps.map(({ kind }) => kind));
      return plan.steps;
    },
    session,
    openSession: open,
    settings: settingsOf(settings),
    emit: heard,
    signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    recordInLedger: async () => {
      await session.query(`create table public.ledger ()`);
    },
  });
  return kinds;
}
