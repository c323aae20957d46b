import type { OnlineMigrationEvent } from '../../src/online-migration/index.ts';
import { carryOut } from '../../src/online-migration/ordinary/carry-out.ts';
import type { Part } from '../../src/online-migration/ordinary/parts.ts';
import { planMigration, refuseRefused } from '../../src/online-migration/ordinary/plan-migration.ts';
import { settingsOf, type SettingsOptions } from '../../src/online-migration/phases/settings.ts';
import { Session } from '../../src/online-migration/postgres/session.ts';

const LIMIT_MS = 100_000;

/** How a migration with a fill is run. */
export interface FillRunOptions {
  readonly direction?: 'up' | 'down';
  readonly heard?: (event: OnlineMigrationEvent) => unknown;
  readonly signal?: AbortSignal;
  readonly settings?: SettingsOptions;
}

/** Carries out a migration named `Filling`. It is recorded in the table `ledger`, if that exists. */
export async function runParts(
  url: string,
  parts: readonly Part[],
  {
    direction = 'up',
    heard = () => undefined,
    signal = AbortSignal.timeout(LIMIT_MS),
    settings = {},
  }: FillRunOptions = {},
): Promise<void> {
  // As the migrator opens them.
  const open = async () => {
    const session = await Session.open({ connectionString: url }, 'fill');
    await session.query('reset row_security');
    return session;
  };
  await using session = await open();
  await carryOut({
    migration: 'Filling',
    direction,
    statements: parts,
    plan: async () => {
      const plan = await planMigration(session, parts);
      refuseRefused(plan, 'Filling');
      return plan.steps;
    },
    session,
    openSession: open,
    settings: settingsOf(settings),
    emit: heard,
    signal: AbortSignal.any([session.lost, signal]),
    recordInLedger: async () => {
      await session.query(`
        do $$ begin
          if to_regclass('public.ledger') is not null then insert into public.ledger values ('Filling'); end if;
        end $$`);
    },
  });
}
