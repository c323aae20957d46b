import { DatabaseError } from 'pg';
import { findObstacles } from '../../attachments/obstacles/obstacles.ts';
import type { ChangedColumn } from '../../change/changed-column.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import type { Session } from '../../postgres/session.ts';
import { declaredChange } from '../../new-change/declared-change.ts';
import { leftToPerson } from '../../new-change/stand-in.ts';
import {
  type ColumnFacts,
  type DescribingQueryable,
  readTableByOid,
  type TableFacts,
} from '../../new-change/table-facts.ts';
import { InstantChanges } from './instant-changes.ts';
import { isPreparation } from './preparations.ts';
import { RememberedQueries } from './remembered-queries.ts';
import { listSurveyedTables, type SurveyedPlaces, type SurveyedTable } from './surveyed-tables.ts';
import { readUserTypes, type UserTypes } from './user-types.ts';
import { type UsualTarget, usualTarget } from './usual-targets.ts';

/**
 * The result for a column:
 *
 * - `instant`: one statement changes the type at once.
 * - `free`: nothing stands in the way of a column change.
 * - `prepare`: a right, a review or one statement is missing.
 * - `refused`: the package cannot carry out the change as the schema is.
 * - `failed`: the database did not answer.
 */
export type Outcome = 'instant' | 'free' | 'prepare' | 'refused' | 'failed';

/** A reason, by its code. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}

/** A column that has a usual target. */
export interface SurveyedColumn {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly to: string;
  /** The kinds of the two types, for the summary. */
  readonly pair: { readonly from: string; readonly to: string };
  readonly outcome: Outcome;
  readonly reasons: readonly Reason[];
}

/** The columns of a database. */
export interface Survey {
  /** Number of tables. */
  readonly tables: number;
  /** Number of their columns, with or without a usual target. */
  readonly columns: number;
  readonly surveyed: readonly SurveyedColumn[];
}

interface SurveyOptions extends SurveyedPlaces {
  /** The columns of the project's changes. */
  readonly others: readonly ChangedColumn[];
  readonly signal: AbortSignal;
  /** Called after each table with the number of finished tables and of all. */
  readonly onProgress: (done: number, total: number) => void;
}

/** Prepared once for all tables of a session. */
interface Context {
  readonly database: DescribingQueryable;
  readonly types: UserTypes;
  readonly instantChanges: InstantChanges;
  readonly others: readonly ChangedColumn[];
  readonly signal: AbortSignal;
}

/**
 * Finds for each column of a usual type whether it can be changed, with the checks of `new`. It reads the catalog only:
 * no table and no value. It writes nothing: each transaction that tries a definition is rolled back.
 *
 * @param sessions take the tables in turn
 * @throws OnlineMigrationError if an option names nothing; ConnectionLostError
 */
export async function surveyDatabase(
  sessions: readonly [Session, ...Session[]],
  { others, signal, onProgress, ...places }: SurveyOptions,
): Promise<Survey> {
  const [first] = sessions;
  const tables = await listSurveyedTables(first, places);
  const types = await readUserTypes(first);
  const results: TableSurvey[] = [];
  let done = 0;
  // All sessions take from one iterator.
  const left = tables.entries();
  const work = async (session: Session) => {
    const database = new RememberedQueries(session);
    const context = {
      database,
      types,
      instantChanges: new InstantChanges(session, database),
      others,
      signal,
    };
    for (const [index, listed] of left) {
      results[index] = await surveyTable(context, listed);
      done += 1;
      onProgress(done, tables.length);
    }
  };
  await Promise.all(sessions.map(work));
  return {
    tables: tables.length,
    columns: results.reduce((sum, { columns }) => sum + columns, 0),
    surveyed: results.flatMap(({ surveyed }) => surveyed),
  };
}

type TableSurvey = Omit<Survey, 'tables'>;

async function surveyTable(context: Context, listed: SurveyedTable): Promise<TableSurvey> {
  const table = await readTableByOid(context.database, listed.oid);
  const surveyed: SurveyedColumn[] = [];
  for (const column of table?.columns ?? []) {
    context.signal.throwIfAborted();
    const target = usualTarget({ ...column, ...context.types(column.type) });
    if (target !== null) surveyed.push(await surveyColumn(context, listed, table!, column, target));
  }
  return { columns: table?.columns.length ?? 0, surveyed };
}

async function surveyColumn(
  context: Context,
  { missingGrant }: SurveyedTable,
  table: TableFacts,
  column: ColumnFacts,
  target: UsualTarget,
): Promise<SurveyedColumn> {
  const { schema, name } = table;
  const found =
    missingGrant === null
      ? await judge(context, table, column, target)
      : ofReasons([
          {
            code: 'SCHEMA_NOT_GRANTED',
            message: `The role may not use the schema ${schema}: \`${missingGrant}\`.`,
          },
        ]);
  const pair = { from: target.from, to: target.kind };
  return { schema, table: name, column: column.name, type: column.type, to: target.to, pair, ...found };
}

type Judgement = Pick<SurveyedColumn, 'outcome' | 'reasons'>;

async function judge(
  { database, instantChanges, others }: Context,
  table: TableFacts,
  column: ColumnFacts,
  { to }: UsualTarget,
): Promise<Judgement> {
  try {
    const { columns, refusals } = await declaredChange(database, table, [column], {
      types: new Map([[column.name, to]]),
      zone: 'UTC',
      epochUnitOf: async () => 's',
      newColumn: undefined,
      renameInContract: false,
      earlier: { listed: others, migrations: [], recorded: [] },
    });
    const [{ change, found }] = columns;
    if (refusals.length > 0) return ofReasons(refusals.map(asReason));
    if (await instantChanges.has(change, column.collation)) return { outcome: 'instant', reasons: [] };
    const obstacles = await findObstacles(database, change);
    return ofReasons(
      obstacles
        .filter((one) => found !== null || !leftToPerson(one))
        .map(({ code, message }) => ({ code, message })),
    );
  } catch (error) {
    if (error instanceof OnlineMigrationError && error.code !== 'CONNECTION_LOST')
      return ofReasons([asReason(error)]);
    if (!(error instanceof DatabaseError)) throw error;
    return { outcome: 'failed', reasons: [{ code: error.code ?? 'unknown', message: error.message }] };
  }
}

function asReason({ code, message }: OnlineMigrationError): Reason {
  return { code, message: message.replace(/,? (and )?[Nn]othing was written\./, '') };
}

function ofReasons(reasons: readonly Reason[]): Judgement {
  if (reasons.length === 0) return { outcome: 'free', reasons };
  return { outcome: reasons.every(isPreparation) ? 'prepare' : 'refused', reasons };
}
