import type { TableFill } from '../fill/table-fill.ts';

/**
 * One step of an ordinary migration. Steps are data: an interrupted migration goes on by the plan that it began with.
 *
 * - `setting`: alters a setting of the session for later steps. An interrupted migration that goes on sets it again.
 * - `together`: statements that need no other way, in one transaction.
 * - `locked`: one statement in a transaction of its own. It holds its lock for a change of the catalog.
 * - `validate`: one statement in a transaction of its own. It reads the table and blocks neither reads nor writes.
 * - `build-index`, `drop-index`, `detach-partition`, `reindex`, `outside`: one statement outside of a transaction.
 * - `find`: a query for rows that would make a later step fail.
 * - `fill`: updates rows in batches, each in a transaction of its own.
 */
export type Step = (SettingStep | Transactional | OutsideOfTransaction | FindStep | FillStep) & ForProcesses;

/** A step that PostgreSQL refuses in a transaction. */
export type OutsideOfTransaction = IndexStep | DetachStep | ReindexStep | OutsideStep;

/** The processes of the application that a step concerns. */
interface ForProcesses {
  /** It waits until all live processes that declare their schema were built for this migration. */
  readonly after?: string;
  /** The tables of which it takes away a part or a name, if it does not wait. */
  readonly removesFrom?: readonly string[];
}

/** The step is skipped if the partition is gone or detached by then. */
interface OnPartition {
  readonly onlyIfPartition?: { readonly parent: string; readonly partition: string };
}

export interface SettingStep {
  readonly kind: 'setting';
  readonly statements: readonly [string];
  readonly relations: readonly [];
  readonly lock: null;
}

export interface Transactional extends OnPartition {
  readonly kind: 'together' | 'locked' | 'validate';
  readonly statements: readonly string[];
  /** The tables that were there before and that the statements lock: schema and name, quoted. */
  readonly relations: readonly string[];
  /** The strongest lock on them; null if there are none. */
  readonly lock: LockName | null;
  /** Whether it may last: its author has accepted that. */
  readonly mayLast?: boolean;
}

interface IndexStep extends OnPartition {
  readonly kind: 'build-index' | 'drop-index';
  readonly statements: readonly [string];
  readonly relations: readonly string[];
  readonly lock: 'SHARE UPDATE EXCLUSIVE';
  /** Schema and name, quoted. */
  readonly index: string;
}

export interface DetachStep {
  readonly kind: 'detach-partition';
  readonly statements: readonly [string];
  readonly relations: readonly string[];
  readonly lock: 'SHARE UPDATE EXCLUSIVE';
  /** As in the statement. */
  readonly parent: string;
  readonly partition: string;
}

interface ReindexStep {
  readonly kind: 'reindex';
  readonly statements: readonly [string];
  readonly relations: readonly string[];
  readonly lock: 'SHARE UPDATE EXCLUSIVE';
  /** Schema and name, quoted. */
  readonly table: string;
}

interface OutsideStep {
  readonly kind: 'outside';
  readonly statements: readonly [string];
  readonly relations: readonly string[];
  /** Null if it blocks neither reads nor writes. */
  readonly lock: 'ACCESS EXCLUSIVE' | null;
}

interface FindStep {
  readonly kind: 'find';
  /** Returns at most some rows, each as text in the column `found`. */
  readonly statements: readonly [string];
  readonly relations: readonly string[];
  readonly lock: 'ACCESS SHARE';
  /** The sentence of the error if rows are found; they are listed behind it. */
  readonly refusal: string;
}

export interface FillStep {
  readonly kind: 'fill';
  /** The update for people. */
  readonly statements: readonly [string];
  readonly relations: readonly string[];
  readonly lock: 'ROW EXCLUSIVE';
  readonly fill: TableFill;
  /** PostgreSQL's estimate of the rows to fill; null if the table does not exist yet. */
  readonly rows: number | null;
}

export type LockName =
  | 'ACCESS SHARE'
  | 'ROW EXCLUSIVE'
  | 'SHARE UPDATE EXCLUSIVE'
  | 'SHARE'
  | 'SHARE ROW EXCLUSIVE'
  | 'ACCESS EXCLUSIVE';

/** A statement that only changes the catalog, in a transaction of its own. */
export function locked(
  statement: string,
  relations: readonly string[],
  lock: LockName = 'ACCESS EXCLUSIVE',
): Step {
  return { kind: 'locked', statements: [statement], relations, lock };
}

/** The step that builds an index beside the traffic of its table. */
export function buildIndex(statement: string, index: string, table: string): OutsideOfTransaction {
  return {
    kind: 'build-index',
    statements: [statement],
    relations: [table],
    lock: 'SHARE UPDATE EXCLUSIVE',
    index,
  };
}

/** The step that drops an index beside the traffic of its table. */
export function dropIndex(
  statement: string,
  index: string,
  relations: readonly string[],
): OutsideOfTransaction {
  return { kind: 'drop-index', statements: [statement], relations, lock: 'SHARE UPDATE EXCLUSIVE', index };
}

/** The step that detaches a partition beside the traffic of its table. */
export function detachPartition(
  statement: string,
  parent: string,
  partition: string,
  relations: readonly string[],
): OutsideOfTransaction {
  return {
    kind: 'detach-partition',
    statements: [statement],
    relations,
    lock: 'SHARE UPDATE EXCLUSIVE',
    parent,
    partition,
  };
}

/** The step that builds the indexes of a table again beside its traffic. */
export function reindexTable(statement: string, table: string): OutsideOfTransaction {
  return {
    kind: 'reindex',
    statements: [statement],
    relations: [table],
    lock: 'SHARE UPDATE EXCLUSIVE',
    table,
  };
}

/** The step for a partition. It is skipped if the partition is gone or detached by then. */
export function onPartition(step: Step, parent: string, partition: string): Step {
  return step.kind !== 'build-index' && step.kind !== 'locked' && step.kind !== 'validate'
    ? step
    : { ...step, onlyIfPartition: { parent, partition } };
}

/** A statement that reads a table beside its traffic. */
export function validate(statement: string, relation: string): Step {
  return { kind: 'validate', statements: [statement], relations: [relation], lock: 'SHARE UPDATE EXCLUSIVE' };
}

/** A statement that reads tables, and locks none against writes. */
export function read(statement: string): Step {
  return { kind: 'validate', statements: [statement], relations: [], lock: 'ACCESS SHARE' };
}

/** A search for rows that a later step would not accept. */
export function find(query: string, relations: readonly string[], refusal: string): Step {
  return { kind: 'find', statements: [query], relations, lock: 'ACCESS SHARE', refusal };
}
