import { DatabaseError } from 'pg';
import type { Session } from '../../postgres/session.ts';
import type { NewChange, NewColumn } from '../new-change.ts';
import { instantBlockers, readColumnIndexes } from './instant-blockers.ts';
import { readResetProperties, type ResetProperties } from './reset-properties.ts';
import { probeTypeChange, type TypeChange } from './type-change-probe.ts';

/** A column whose type one statement changes at once. */
export interface InstantColumn {
  readonly planned: NewColumn;
  /** Its name, quoted. */
  readonly column: string;
  readonly reset: ResetProperties;
  /** Whether the way back is made at once as well. */
  readonly isDownInstant: boolean;
  /** Whether its values depend on the time zone of the statement. */
  readonly hasZone: boolean;
}

/** A column whose type changes in phases. */
export interface PhasedColumn {
  readonly planned: NewColumn;
  /** Sentences without a full stop; none if PostgreSQL rewrites a table for these two types. */
  readonly reasons: readonly string[];
  /** PostgreSQL's error, if it could not be asked. */
  readonly error?: string;
}

/** The columns of a change, by the way in which their types change. */
export interface ColumnsByWay {
  readonly instant: readonly InstantColumn[];
  readonly phased: readonly PhasedColumn[];
}

const TIME_WITH_OR_WITHOUT_ZONE = /^timestamp.*(with|without) time zone$/;

/**
 * Decides for each column of a change whether one `alter table` changes its type at once: PostgreSQL neither rewrites nor reads
 * the table, and builds no index.
 */
export async function columnsByWay(session: Session, plan: NewChange): Promise<ColumnsByWay> {
  const instant: InstantColumn[] = [];
  const phased: PhasedColumn[] = [];
  for (const column of plan.columns) {
    const answer = await askAbout(session, plan.zone, column);
    if ('reasons' in answer) phased.push(answer);
    else instant.push(answer);
  }
  return { instant, phased };
}

async function askAbout(
  session: Session,
  zone: string,
  planned: NewColumn,
): Promise<InstantColumn | PhasedColumn> {
  const { change, facts } = planned;
  const [from, to] = [change.oldColumn.type, change.newColumn.type];
  const indexes = await readColumnIndexes(session, change);
  const probed = indexes.filter(({ isAlwaysRebuilt }) => !isAlwaysRebuilt);
  const up: TypeChange = { from, to, collation: facts.collation, zone, indexes: probed };
  try {
    const { keepsRows, rebuilt } = await probeTypeChange(session, up);
    if (!keepsRows) return { planned, reasons: [] };
    const reasons = [
      ...(await instantBlockers(session, change)),
      ...indexes
        .filter((index) => index.isAlwaysRebuilt || rebuilt.includes(index))
        .map(({ name }) => `PostgreSQL would build the index ${name} again`),
    ];
    if (reasons.length > 0) return { planned, reasons };
    const down = await probeTypeChange(session, { ...up, from: up.to, to: up.from });
    return {
      planned,
      column: await quotedColumn(session, facts.name),
      reset: await readResetProperties(session, change),
      isDownInstant: down.keepsRows && down.rebuilt.length === 0,
      hasZone: [from, to].every((type) => TIME_WITH_OR_WITHOUT_ZONE.test(type)),
    };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return { planned, reasons: [], error: error.message };
  }
}

/** The name as PostgreSQL quotes it, without needless quotes. */
async function quotedColumn(session: Session, name: string): Promise<string> {
  const { rows } = await session.query<{ name: string }>(`select quote_ident($1::text) as name`, [name]);
  return rows[0]!.name;
}
