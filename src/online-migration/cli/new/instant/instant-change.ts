import { DatabaseError } from 'pg';
import { tablesOfOthers } from '../../../attachments/obstacles/right-obstacles.ts';
import { otherChangeObstacles } from '../../../attachments/obstacles/other-change-obstacles.ts';
import { OnlineMigrationError } from '../../../change/online-migration-error.ts';
import { namesOf } from '../../../change/names.ts';
import type { Session } from '../../../postgres/session.ts';
import type { NewChange } from '../new-change.ts';
import { instantBlockers, readColumnIndexes } from './instant-blockers.ts';
import { readResetProperties, type ResetProperties } from './reset-properties.ts';
import { probeTypeChange, type TypeChange } from './type-change-probe.ts';

/** A change of a type that one statement makes at once, with the quoted names for its SQL. */
export interface InstantChange {
  readonly plan: NewChange;
  readonly table: string;
  readonly column: string;
  readonly collation: string | null;
  readonly reset: ResetProperties;
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
      /** Sentences without a full stop; none if PostgreSQL rewrites a table for these two types. */
      readonly reasons: readonly string[];
      /** PostgreSQL's error, if it could not be asked. */
      readonly error?: string;
    };

const TIME_WITH_OR_WITHOUT_ZONE = /^timestamp.*(with|without) time zone$/;

/**
 * Decides whether one `alter table` makes a change at once: PostgreSQL neither rewrites nor reads the table, and builds
 * no index.
 *
 * @throws OnlineMigrationError if it could, but the role or another change of the column stands in the way
 */
export async function instantChange(session: Session, plan: NewChange): Promise<InstantAnswer> {
  const { change, table, zone } = plan;
  const { oldColumn, newColumn } = change;
  const collation = table.columns.find(({ name }) => name === oldColumn.name)?.collation ?? null;
  const indexes = await readColumnIndexes(session, change);
  const probed = indexes.filter(({ isAlwaysRebuilt }) => !isAlwaysRebuilt);
  const up: TypeChange = { from: oldColumn.type, to: newColumn.type, collation, zone, indexes: probed };
  try {
    const { keepsRows, rebuilt } = await probeTypeChange(session, up);
    if (!keepsRows) return { instant: null, reasons: [] };
    const reasons = [
      ...(await instantBlockers(session, change)),
      ...indexes
        .filter((index) => index.isAlwaysRebuilt || rebuilt.includes(index))
        .map(({ name }) => `PostgreSQL would build the index ${name} again`),
    ];
    if (reasons.length > 0) return { instant: null, reasons };
    const down = await probeTypeChange(session, { ...up, from: up.to, to: up.from });
    await refuse(session, plan);
    return {
      instant: {
        plan,
        ...(await quotedNames(session, plan)),
        collation,
        reset: await readResetProperties(session, change),
        isDownInstant: down.keepsRows && down.rebuilt.length === 0,
        zone: [up.from, up.to].every((type) => TIME_WITH_OR_WITHOUT_ZONE.test(type)) ? zone : null,
      },
    };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return { instant: null, reasons: [], error: error.message };
  }
}

async function refuse(session: Session, { change }: NewChange): Promise<void> {
  const obstacles = [
    ...(await otherChangeObstacles(session, change)).filter(({ code }) => code === 'OTHER_CHANGE_UNDER_WAY'),
    ...(await tablesOfOthers(session, change, { foreignKeys: [] })),
  ];
  if (obstacles.length === 0) return;
  const { change: name, table } = namesOf(change);
  throw new OnlineMigrationError(
    'OBSTACLES',
    `${name} cannot be changed as it is, and nothing was written:\n${obstacles.map(({ message }) => `  ${message}`).join('\n')}`,
    { change: name, table, obstacles },
  );
}

/** The names as PostgreSQL quotes them, without needless quotes. */
async function quotedNames(
  session: Session,
  { change }: NewChange,
): Promise<{ table: string; column: string }> {
  const { rows } = await session.query<{ table: string; column: string }>(
    `select format('%I.%I', $1::text, $2::text) as "table", quote_ident($3::text) as "column"`,
    [change.table.schema, change.table.name, change.oldColumn.name],
  );
  return rows[0]!;
}
