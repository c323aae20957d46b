import { tablesOfOthers } from '../../attachments/obstacles/right-obstacles.ts';
import { otherChangeObstacles } from '../../attachments/obstacles/other-change-obstacles.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import { changeNamesOf } from '../../change/names.ts';
import type { Session } from '../../postgres/session.ts';
import { inSentence, type NewChange } from '../new-change.ts';
import { newCommand } from '../new-command.ts';
import type { WantedChange } from '../plan-change.ts';
import { type ColumnsByWay, columnsByWay, type InstantColumn, type PhasedColumn } from './instant-column.ts';

/** A change of the types of columns that one statement makes at once. */
export interface InstantChange {
  readonly plan: NewChange;
  /** Schema and table, quoted. */
  readonly table: string;
  readonly columns: readonly [InstantColumn, ...InstantColumn[]];
  /** Whether the way back is made at once as well. */
  readonly isDownInstant: boolean;
  /** The time zone in which both statements have to run; null if it makes no difference. */
  readonly zone: string | null;
}

/** The answer to the question whether one statement can make a change at once. */
export type InstantAnswer =
  | { readonly instant: InstantChange }
  | {
      readonly instant: null;
      /** All columns of the change. */
      readonly phased: readonly PhasedColumn[];
    };

/**
 * Decides whether one `alter table` makes a change at once, for all of its columns.
 *
 * @throws OnlineMigrationError if it does so for some of the columns only; or if it could, but the role or another change of a
 *   column stands in the way
 */
export async function instantChange(
  session: Session,
  plan: NewChange,
  wanted: WantedChange,
): Promise<InstantAnswer> {
  const ways = await columnsByWay(session, plan);
  const { instant, phased } = ways;
  const [first, ...others] = instant;
  if (first === undefined) return { instant: null, phased };
  if (phased.length > 0) throw mixed(ways, wanted);
  await refuse(session, plan);
  return {
    instant: {
      plan,
      table: await quotedTable(session, plan),
      columns: [first, ...others],
      isDownInstant: instant.every(({ isDownInstant }) => isDownInstant),
      zone: instant.some(({ hasZone }) => hasZone) ? plan.zone : null,
    },
  };
}

/** The refusal of columns of which only some change at once. */
function mixed({ instant, phased }: ColumnsByWay, wanted: WantedChange): OnlineMigrationError {
  const [quick, slow] = [instant, phased].map((columns) => columns.map(({ planned }) => planned.facts.name));
  const commands = [quick!, slow!].map((columns) => `  ${newCommand(wanted, columns)}\n`).join('');
  return new OnlineMigrationError(
    'CHANGE_PARTLY_INSTANT',
    `PostgreSQL changes the type of ${inSentence(quick!)} at once, and ${inSentence(slow!)} ${slow!.length === 1 ? 'needs' : 'need'} the phases of a ` +
      `column change. Nothing was written. Write two changes:\n${commands}` +
      `To change all of them in the same phases, add --phases to your command.`,
    { instant: quick, phased: slow },
  );
}

async function refuse(session: Session, { change }: NewChange): Promise<void> {
  const obstacles = [
    ...(await otherChangeObstacles(session, change)).filter(({ code }) => code === 'OTHER_CHANGE_UNDER_WAY'),
    ...(await tablesOfOthers(session, change, [])),
  ];
  if (obstacles.length === 0) return;
  const { change: name, table } = changeNamesOf(change);
  throw new OnlineMigrationError(
    'OBSTACLES',
    `${name} cannot be changed as it is, and nothing was written:\n${obstacles.map(({ message }) => `  ${message}`).join('\n')}`,
    { change: name, table, obstacles },
  );
}

/** The name as PostgreSQL quotes it, without needless quotes. */
async function quotedTable(session: Session, { change: { table } }: NewChange): Promise<string> {
  const { rows } = await session.query<{ table: string }>(
    `select format('%I.%I', $1::text, $2::text) as "table"`,
    [table.schema, table.name],
  );
  return rows[0]!.table;
}
