/** A transaction that blocks a lock. */
export interface Blocker {
  /** A unique id of the transaction. */
  readonly transaction: string;
  /** Null if it is a prepared transaction, which has no session any more. */
  readonly pid: number | null;
  /** The name of the prepared transaction, as an SQL literal. */
  readonly gid: string | null;
  readonly application: string;
  /** `user ann`; for a background process its kind, such as `autovacuum worker`, and whether it gives way. */
  readonly owner: string;
  /** Whether this session's role may see its activity; if not, the next three properties are null. */
  readonly isVisible: boolean;
  readonly state: string | null;
  /** Seconds since its transaction began, or was prepared; null if it has none. */
  readonly seconds: number | null;
  /** The first 200 characters of its current or last query. */
  readonly query: string | null;
}

/** An event with a sentence for people. */
interface AnyEvent {
  /** The event as a log line, without a prefix or a line end. */
  readonly message: string;
}

/** An event of one column change. */
interface OfChange extends AnyEvent {
  /** The name of the change: `public.large_record.created_at`; in a fill, the name of its migration. */
  readonly change: string;
}

/** A migration begins: a phase of a column change, or an ordinary one. */
export interface MigrationStarted extends AnyEvent {
  readonly type: 'migration-started';
  /** Its file without the extension: `0002_expand_large_record_created_at`. */
  readonly migration: string;
  readonly direction: 'up' | 'down';
}

/** A migration was applied or reverted, and the ledger contains it. A migration that fails ends without this event. */
export interface MigrationFinished extends AnyEvent {
  readonly type: 'migration-finished';
  readonly migration: string;
  readonly direction: 'up' | 'down';
  readonly milliseconds: number;
}

/** An ordinary migration was planned; nothing of it has run. */
export interface MigrationPlanned extends AnyEvent {
  readonly type: 'migration-planned';
  readonly migration: string;
  readonly direction: 'up' | 'down';
  /** The statements of each step, and its strongest lock on a table that was there before; null if there is none. */
  readonly steps: readonly { readonly statements: readonly string[]; readonly lock: string | null }[];
}

/** A step of an ordinary migration was carried out. */
export interface MigrationStep extends AnyEvent {
  readonly type: 'migration-step';
  readonly migration: string;
  /** Its number, from 1 on. */
  readonly step: number;
  /** The number of steps. */
  readonly steps: number;
  readonly statements: readonly string[];
  /** The strongest lock on a table that was there before; null if there is none. */
  readonly lock: string | null;
  readonly milliseconds: number;
}

/** An ordinary migration waits for processes of the application that were built before another migration. */
export interface WaitingForOlderProcesses extends AnyEvent {
  readonly type: 'waiting-for-older-processes';
  readonly migration: string;
  /** The migration that they must have been built for. */
  readonly after: string;
  /** Longest wait. */
  readonly limitMs: number;
  readonly processes: readonly {
    /** Host and process id. */
    readonly process: string;
    /** The server process of the session that declares the schema. */
    readonly pid: number;
    readonly address: string | null;
    /** The beginning of the name of the newest migration that it was built for. */
    readonly newestMigration: string;
  }[];
}

/** An ordinary migration drops or renames a part of tables that sessions have used. It does not wait for them. */
export interface TableInUse extends AnyEvent {
  readonly type: 'table-in-use';
  readonly migration: string;
  readonly tables: readonly string[];
  readonly sessions: UndeclaredSessionsFound['sessions'];
}

/** Another runner is migrating the database; this one waits until it ends. */
export interface WaitingForRunner extends AnyEvent {
  readonly type: 'waiting-for-runner';
  /** The server process of the other runner's session. */
  readonly pid: number;
  readonly application: string;
  /** When its session began, ISO 8601; null if this session's role may not see it. */
  readonly since: string | null;
}

/** The command received a request to end. It ends after the transaction in progress. */
export interface InterruptReceived extends AnyEvent {
  readonly type: 'interrupt-received';
  readonly signal: string;
}

/** A statement without a timeout was in progress when the command received a request to end, and is being cancelled. */
export interface StatementCancelled extends AnyEvent {
  readonly type: 'statement-cancelled';
  /** The server process that runs it. */
  readonly pid: number;
  /** Its first 160 characters; null if it has already ended. */
  readonly statement: string | null;
}

/** A statement could not be cancelled after a request to end; the command waits for its end. */
export interface CancelFailed extends AnyEvent {
  readonly type: 'cancel-failed';
  readonly pid: number;
  readonly reason: string;
}

/** A transaction that held the table's strongest lock has committed. */
export interface LockHeld extends OfChange {
  readonly type: 'lock-held';
  /** The phase and its step: `enforce: set not null`. */
  readonly purpose: string;
  /** Schema and name, quoted. */
  readonly table: string;
  readonly mode: 'ACCESS EXCLUSIVE';
  /** From the grant of the lock to the end of the commit, as this process measured it. */
  readonly heldMs: number;
}

/** A lock was not granted within its timeout. The transaction was rolled back and will be tried again. */
export interface LockRetry extends AnyEvent {
  readonly type: 'lock-retry';
  /** The name of the change; absent in an ordinary migration. */
  readonly change?: string;
  readonly purpose: string;
  /** The tables or sequences that the lock was requested on: schema and name, quoted. */
  readonly relations: readonly string[];
  /** The requested mode: `access exclusive`. */
  readonly mode: string;
  /** Number of failed tries. */
  readonly attempt: number;
  readonly timeoutMs: number;
  /** Pause before the next try. */
  readonly pauseMs: number;
  /** The oldest first, at most five; none if they have ended. */
  readonly blockers: readonly Blocker[];
}

/** The build of an index begins, without blocking reads and writes. */
export interface IndexBuildStarted extends OfChange {
  readonly type: 'index-build-started';
  readonly index: string;
}

/** A materialized view's copy for the other column is being filled, without blocking reads and writes. */
export interface MaterializedViewFillStarted extends OfChange {
  readonly type: 'materialized-view-fill-started';
  readonly materializedView: string;
}

/** Contract or its revert waits for processes of the application that still use the column it removes. */
export interface WaitingForSwitchover extends OfChange {
  readonly type: 'waiting-for-switchover';
  /** Longest wait. */
  readonly limitMs: number;
  readonly processes: readonly {
    /** Host and process id. */
    readonly process: string;
    /** The server process of its presence session. */
    readonly pid: number;
    readonly address: string | null;
  }[];
}

/** Sessions use the table, and their processes do not declare their column. Contract and the rename of a column do not wait for them. */
export interface UndeclaredSessionsFound extends OfChange {
  readonly type: 'undeclared-sessions';
  readonly sessions: readonly {
    readonly application: string;
    readonly user: string;
    readonly address: string | null;
    readonly count: number;
    /** The beginning of the current or last statement of one of them. */
    readonly statement: string;
  }[];
}

/** The comparison of both columns is paused by hand. */
export interface ComparisonPaused extends OfChange {
  readonly type: 'comparison-paused';
}

/** The comparison of both columns continues. */
export interface ComparisonResumed extends OfChange {
  readonly type: 'comparison-resumed';
}

/** A sweep of the backfill or a batch of the comparison waits for rows that other transactions have locked. */
export interface WaitingForRows extends OfChange {
  readonly type: 'waiting-for-rows';
  readonly during: 'backfill' | 'comparison';
  /** Transactions that have locked the table, the oldest first. */
  readonly blockers: readonly Blocker[];
}

/** Triggers of the table do not fire for the updates of the backfill. */
export interface TriggersSilenced extends OfChange {
  readonly type: 'triggers-silenced';
  readonly triggers: readonly string[];
}

/** The backfill cannot pause for some figures, because its role may not see them. */
export interface FiguresHidden extends OfChange {
  readonly type: 'figures-hidden';
  readonly figures: readonly string[];
  /** The role that `pg_monitor` can be granted to. */
  readonly role: string;
}

/** The backfill has its plan and begins, or continues an earlier run. */
export interface BackfillPlanned extends OfChange {
  readonly type: 'backfill-planned';
  /** `forward` fills the new column; `backward` fills the old one, when contract is reverted. */
  readonly direction: 'forward' | 'backward';
  /** Rows that earlier runs have filled. */
  readonly rowsDone: number;
  /** Estimated from the catalog. */
  readonly rowsTotal: number;
  /** Batches at the same time in this process; 0 if worker processes fill the ranges. */
  readonly workers: number;
}

/**
 * The progress of the backfill: four times a second, or every second if worker processes fill the ranges. It has no
 * message.
 */
export interface BackfillProgressed {
  readonly type: 'backfill-progress';
  readonly message?: undefined;
  readonly change: string;
  readonly rowsDone: number;
  /** An estimate, which gets better as the backfill continues. */
  readonly rowsTotal: number;
  /** Share of the table's blocks that is done, 0 to 100. */
  readonly percent: number;
  readonly rowsPerSecond: number;
  /** Null until there is a rate. */
  readonly secondsLeft: number | null;
  /** Current number of rows in a batch; null if worker processes fill the ranges. */
  readonly batchRows: number | null;
  /** The reason for waiting; null while it works. */
  readonly pausedFor: string | null;
}

/** The backfill pauses, for the application or by hand. */
export interface BackfillPaused extends OfChange {
  readonly type: 'backfill-paused';
  readonly reason: string;
}

/** The backfill continues after a pause. */
export interface BackfillResumed extends OfChange {
  readonly type: 'backfill-resumed';
}

/** The worker processes of a backfill have changed. */
export interface BackfillWorkers extends OfChange {
  readonly type: 'backfill-workers';
  /** `host:process id` each. */
  readonly processes: readonly string[];
}

/** A batch of one block, the smallest possible, lasted more than twice the target duration; once for each process. */
export interface BatchTooLong extends OfChange {
  readonly type: 'batch-too-long';
  /** The table or partition: schema and name, quoted. */
  readonly table: string;
  readonly rows: number;
  readonly milliseconds: number;
  readonly targetMs: number;
}

/** The backfill could not take the lock that keeps autovacuum off the table, and continues without it. */
export interface AutovacuumNotHeld extends AnyEvent {
  readonly type: 'autovacuum-not-held';
  readonly table: string;
  readonly reason: string;
}

/** A connection of the backfill is lost and will be opened again. */
export interface ConnectionLost extends AnyEvent {
  readonly type: 'connection-lost';
  readonly reason: string;
  /** Pause before the next try. */
  readonly pauseMs: number;
}

/** The queue of worker processes reports an error, each one once. It retries automatically. */
export interface QueueFailed extends OfChange {
  readonly type: 'queue-failed';
  readonly reason: string;
}

/** A worker process waits until a migrating process hands ranges out. */
export interface WaitingForRanges extends OfChange {
  readonly type: 'waiting-for-ranges';
  readonly reason: string;
}

/** A worker process has ended its work. */
export interface WorkerFinished extends OfChange {
  readonly type: 'worker-finished';
  readonly rows: number;
  readonly batches: number;
  readonly longestBatchMs: number;
}

/** Every row is filled or a reject. The figures are of this run, except for `rows`. */
export interface BackfillFinished extends OfChange {
  readonly type: 'backfill-finished';
  readonly direction: 'forward' | 'backward';
  /** Rows filled, over all runs. */
  readonly rows: number;
  readonly seconds: number;
  /** Null if worker processes have filled the ranges: each reports its own. */
  readonly batches: { readonly count: number; readonly longestMs: number } | null;
  readonly pauses: readonly { readonly reason: string; readonly milliseconds: number }[];
  /** How long the workers rested while other sessions were busy, added up. */
  readonly restedMs: number;
  /** WAL that the server wrote in the meantime, for any reason. */
  readonly walBytes: number;
  readonly heapBytesBefore: number;
  readonly heapBytesAfter: number;
  readonly indexBytesBefore: number;
  readonly indexBytesAfter: number;
  /** Row updates of the table, including the application's; 0 if the server has not counted them yet. */
  readonly updates: number;
  readonly heapOnlyUpdates: number;
  readonly rejects: number;
}

/** A fill of an ordinary migration has ended, and rows that the application has written meanwhile match it. */
export interface FillLeftRows extends AnyEvent {
  readonly type: 'fill-left-rows';
  readonly migration: string;
  /** Schema and name, quoted. */
  readonly table: string;
}

/** The filled column has no statistics yet; autovacuum will gather them. */
export interface StatisticsMissing extends OfChange {
  readonly type: 'statistics-missing';
  readonly table: string;
  readonly column: string;
  readonly reason: string;
}

/** Contract, or the revert of enforce, has created sync triggers again that somebody had dropped. */
export interface SyncTriggersRestored extends OfChange {
  readonly type: 'sync-triggers-restored';
  readonly table: string;
  /** Their names, unquoted. */
  readonly triggers: readonly string[];
}

/** While contract was being reverted, kept values were found that belong to no row. */
export interface UnusedKeptValues extends OfChange {
  readonly type: 'unused-kept-values';
  readonly count: number;
}

/** The preflight has checked the values of another batch of rows. */
export interface ValuesClassified extends OfChange {
  readonly type: 'values-classified';
  /** Rows checked so far. */
  readonly rows: number;
  /** Estimate of all rows. */
  readonly rowsTotal: number;
}

/** `migration:create` and `migration:check` leave columns out of their comparison. */
export interface ColumnsLeftOut extends AnyEvent {
  readonly type: 'columns-left-out';
  /** The table with the columns: `public.orders (total, total_new)`. */
  readonly columns: string;
}

/** `migration:rollup` leaves migrations out of the merge. */
export interface RollupReduced extends AnyEvent {
  readonly type: 'rollup-reduced';
  /** Their names. */
  readonly migrations: readonly string[];
}

/**
 * All events of the package. Each one survives `JSON.stringify`, so it can be sent to another process or to a log collector.
 * docs/events.md lists them.
 */
export type OnlineMigrationEvent =
  | MigrationStarted
  | MigrationFinished
  | MigrationPlanned
  | MigrationStep
  | WaitingForOlderProcesses
  | TableInUse
  | WaitingForRunner
  | InterruptReceived
  | StatementCancelled
  | CancelFailed
  | LockHeld
  | LockRetry
  | IndexBuildStarted
  | MaterializedViewFillStarted
  | WaitingForSwitchover
  | UndeclaredSessionsFound
  | ComparisonPaused
  | ComparisonResumed
  | WaitingForRows
  | TriggersSilenced
  | FiguresHidden
  | BackfillPlanned
  | BackfillProgressed
  | BackfillPaused
  | BackfillResumed
  | BackfillWorkers
  | BatchTooLong
  | AutovacuumNotHeld
  | ConnectionLost
  | QueueFailed
  | WaitingForRanges
  | WorkerFinished
  | BackfillFinished
  | FillLeftRows
  | StatisticsMissing
  | SyncTriggersRestored
  | UnusedKeptValues
  | ValuesClassified
  | ColumnsLeftOut
  | RollupReduced;

/** Reports an event to all listeners; it does not throw. */
export type Emit = (event: OnlineMigrationEvent) => void;

/** Receives every event, in order. If it returns a promise, the promise is not awaited. */
export type OnlineMigrationListener = (event: OnlineMigrationEvent) => unknown;
