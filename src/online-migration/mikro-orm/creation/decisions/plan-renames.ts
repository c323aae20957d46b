import { escapeIdentifier } from 'pg';
import type { NewChange } from '../../../new-change/new-change.ts';
import { planChanges, type Project, projectAfter } from '../../../new-change/plan-keys.ts';
import type { Session } from '../../../postgres/session.ts';
import type { Rename } from './renames.ts';

/** Plans a declared rename of each column, which the application follows. */
export async function planRenames(
  session: Session,
  renames: readonly Rename[],
  project: Project,
): Promise<NewChange[]> {
  const plans: NewChange[] = [];
  for (const { place, from, to } of renames) {
    const wanted = {
      table: `${escapeIdentifier(place.schema)}.${escapeIdentifier(place.table)}`,
      columns: [escapeIdentifier(from)],
      from: undefined,
      to: '',
      newColumn: undefined,
      zone: undefined,
      rename: escapeIdentifier(to),
      renameInContract: false,
    };
    plans.push(...(await planChanges(session, wanted, projectAfter(project, plans))));
  }
  return plans;
}
