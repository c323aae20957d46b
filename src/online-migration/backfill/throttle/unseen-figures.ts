import type { BackfillIdentity } from '../plan/backfill-work.ts';
import type { Emit } from '../../change/events.ts';
import type { Queryable } from '../../postgres/queryable.ts';

/** Parts of the server's activity that this session's role may see, apart from its own sessions. */
interface Sight {
  readonly role: string;
  readonly sessions: boolean;
  readonly archive: boolean;
}

/**
 * Reports which throttles do not work because the role may not see their figures.
 * @param fill the backfill that they would pause
 * @param emit receives no event if the role sees everything
 */
export async function reportUnseen(
  database: Queryable,
  { names }: BackfillIdentity,
  emit: Emit,
): Promise<void> {
  const { rows } = await database.query<Sight>(`
    select quote_ident(current_user) as role, pg_has_role('pg_read_all_stats', 'usage') as sessions,
      has_function_privilege('pg_catalog.pg_ls_archive_statusdir()', 'execute') as archive`);
  const sight = rows[0]!;
  if (sight.sessions && sight.archive) return;
  const figures = [
    ...(sight.sessions ? [] : ['replication lag', 'old snapshots']),
    ...(sight.archive ? [] : ['unarchived WAL']),
  ];
  const others = sight.sessions
    ? ''
    : ', it does not rest beside busy sessions, and blockers are not described';
  emit({
    type: 'figures-hidden',
    change: names.change,
    figures,
    role: sight.role,
    message:
      `backfill: without pg_monitor it does not throttle on ${figures.join(', ').replace(/, (?=[^,]*$)/, ' or ')}${others}; ` +
      `to change that, run \`grant pg_monitor to ${sight.role}\` as a superuser`,
  });
}
