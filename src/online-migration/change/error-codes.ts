/** The meaning of a code and the remedy: one sentence each. */
export interface CodeEntry {
  readonly meaning: string;
  readonly remedy: string;
}

/** Every refusal of the package by its code. A code never changes; `docs/errors.md` lists the same entries. */
export const ERROR_CODES = {
  // The declaration of a change.
  DECLARATION_INVALID: {
    meaning: 'A property of a declaration is missing, is unknown or has another form than it needs.',
    remedy: 'Correct the property that the message names; docs/declaration.md lists all of them.',
  },
  COLUMN_COUNT: {
    meaning: 'The declaration has no column.',
    remedy: 'Declare at least one column in `columns`.',
  },
  CONVERSION_MISSING: {
    meaning: 'A column of a declaration has two types and no `conversion`.',
    remedy: 'Declare the conversion; or, to rename the column only, declare its type twice.',
  },
  PRECISION_OUT_OF_RANGE: {
    meaning: 'A conversion was called with a precision or a scale that it does not support.',
    remedy: 'Give whole numbers within the limits that the message names.',
  },

  // Ordinary migrations.
  SQL_NOT_READ: {
    meaning: `A statement of a migration is not SQL that PostgreSQL's grammar accepts.`,
    remedy: 'Correct the statement that the message shows.',
  },
  MIGRATION_UNSAFE: {
    meaning:
      'Statements of an ordinary migration would lose data, or lock a table in use while it is read or rewritten, and have no safe form.',
    remedy:
      'Write the statement that the message gives, or the comment `-- online: accepted <reason>` above the statement.',
  },
  COMMENT_NOT_KNOWN: {
    meaning: 'A comment `-- online: …` above a statement has another word than `accepted` or `after`.',
    remedy: 'Correct the comment; nothing of the migration was run.',
  },
  OLDER_PROCESSES: {
    meaning: 'A statement waits for processes that were built before a migration, and they still run.',
    remedy: 'Restart or update these processes, then run the same command again.',
  },
  FILL_NOT_POSSIBLE: {
    meaning:
      'A fill of a migration has a table, a column or an expression that PostgreSQL does not accept, rows that its role does not see, or a condition that never becomes false.',
    remedy: 'Correct it as the message says. If the migration has not begun, nothing of it was run.',
  },
  FILL_ROWS_FAILED: {
    meaning:
      'Rows could not be filled: an expression, a check or a trigger fails for them. All other rows are filled.',
    remedy:
      'Correct the rows that the message names, or the expressions of the fill, then run the same command again. It tries these rows again.',
  },
  FILL_NEEDS_STEPS: {
    meaning: 'A migration with a fill would run as it is written, in one transaction.',
    remedy:
      'Use `onlineMigrations()` without `ordinary`, and leave out `this.execute()` and the EntityManager in this migration.',
  },
  ROWS_IN_THE_WAY: {
    meaning: 'Rows of the table violate a constraint that an ordinary migration adds.',
    remedy: 'Correct the rows that the message names, and run the same command again.',
  },
  MIGRATION_STEP_FAILED: {
    meaning: 'PostgreSQL refused a step of an ordinary migration; the steps before it are done.',
    remedy: 'Remove the cause, and run the same command again: it goes on at this step.',
  },
  PROGRESS_NOT_KEPT: {
    meaning:
      'The role may not create the schema online_migration, in which the progress of a migration of several steps is kept.',
    remedy: 'Run the statement in the message once as an administrator.',
  },
  MIGRATION_EDITED: {
    meaning:
      'An ordinary migration was interrupted, and is now to run with other statements or in the other direction.',
    remedy: 'Run it to its end first, with the statements that it began with.',
  },
  MIGRATION_FILE_NOT_FOUND: {
    meaning:
      'A file or a folder that `npx online-migration check` should read does not exist, or is no migration.',
    remedy: 'Give the path of a file of SQL, TypeScript or JavaScript, or of a folder that has some.',
  },
  MIGRATION_NOT_READ: {
    meaning:
      'A file of migrations could not be checked: it cannot be loaded, throws while its statements are recorded, or builds SQL that is not recorded.',
    remedy:
      'Do as the message says; or write the statements as SQL in a file of their own, and check that file.',
  },

  // The table, the server and the connection.
  TABLE_NOT_READY: {
    meaning: 'The table of the change does not exist.',
    remedy: 'Run the migrations against this database first.',
  },
  COLUMN_MISSING: {
    meaning:
      'The table has neither the old column nor the new one; a column with its name that is not from the change does not count.',
    remedy: 'Correct the declaration, or run the migration that creates the column.',
  },
  KEY_COLUMN_MISSING: {
    meaning: 'The table does not have a column that the declaration names in `key`.',
    remedy: 'Finish the change that renames the column, or correct `key`.',
  },
  COLUMN_TYPE_DIFFERS: {
    meaning: 'A column has another type than the declaration or the option `--from` says.',
    remedy: 'Correct the type; to change to another type, revert expand first.',
  },
  SCHEMA_NOT_GRANTED: {
    meaning: 'The role of the connection may not use the schema of the table or of the new type.',
    remedy: 'Grant USAGE on the schema to the role, or connect as another role.',
  },
  SERVER_TOO_OLD: {
    meaning: 'The server is older than the package, or the conversion, requires.',
    remedy: 'Upgrade the server to the version that the message names.',
  },
  CONNECTION_INVALID: {
    meaning: 'The connection is no URL of a PostgreSQL database.',
    remedy: 'Write it as `postgresql://user:password@host:5432/database`.',
  },
  DATABASE_UNREACHABLE: {
    meaning: 'No connection to the database could be opened; the message has the reason.',
    remedy:
      'Start the server, or correct the host, the database, the user or the password of the connection.',
  },
  SESSIONS_NOT_KEPT: {
    meaning:
      'The connection leads through a pooler in transaction mode, which does not keep the lock between migrators.',
    remedy: 'Connect to the server itself, or to a pool in session mode.',
  },
  CONNECTION_LOST: {
    meaning: 'The connection to the database was lost while it was in use.',
    remedy: 'Run the same command again; work that was not committed is rolled back.',
  },
  LOCK_NOT_GRANTED: {
    meaning: 'A table could not be locked within the time budget, and the transaction was rolled back.',
    remedy: 'End the sessions that block it, then run the same command again.',
  },
  INTERRUPTED: {
    meaning: 'The command received a signal and stopped between two transactions.',
    remedy: 'Run the same command again; it continues from this point.',
  },

  NODE_TOO_OLD: {
    meaning: 'The version of Node.js is older than the package requires.',
    remedy: 'Install the version that the message names, or a newer one.',
  },
  PEER_VERSION: {
    meaning: 'A library is installed in a version that the package was not tested with.',
    remedy: 'Install a version in the range that the message gives.',
  },

  // The phases.
  WRONG_STAGE: {
    meaning: 'The phase does not start from the stage of the database.',
    remedy: 'Run the phases in their order.',
  },
  PHASE_NOT_OF_CHANGE: {
    meaning:
      'The change does not have the phase: it is only a rename, or its contract renames the column too.',
    remedy: 'Run the phases that the message lists, and delete the migration of the other one.',
  },
  OBSTACLES: {
    meaning:
      'The column cannot be changed as it is; `details.obstacles` lists the reasons with codes of their own.',
    remedy: 'Remove each obstacle as its message says, then run the same command again.',
  },
  NOT_REVERSIBLE: {
    meaning: 'The conversion is declared as not reversible, so the phase cannot be reverted.',
    remedy: 'Restore a backup, or declare a separate change for the way back.',
  },
  SYNC_TRIGGER_MISSING: {
    meaning: 'A sync trigger does not exist, so writes would not reach the other column.',
    remedy:
      'Before enforce, revert expand and run it again. Otherwise run the command that the message names.',
  },
  SYNC_TRIGGER_SILENT: {
    meaning: 'A sync trigger does not fire for every write.',
    remedy: 'Run the `alter table` statement of the message, then the same command again.',
  },
  SYNC_TRIGGER_ALTERED: {
    meaning: 'A sync trigger or a partition was altered while the columns were compared.',
    remedy: 'Run the same command again; it compares the columns once more.',
  },
  INSIDE_TRANSACTION: {
    meaning: 'The backfill was started inside a transaction, which would hold all row locks until its end.',
    remedy: 'Run it outside of a transaction; set `migrations.allOrNothing` to false.',
  },
  REJECTS_LEFT: {
    meaning: 'Some rows have an old value that the new type cannot take.',
    remedy: 'Correct these values in the old column, then run the same command again.',
  },
  ROWS_DIFFER: {
    meaning:
      'In some rows the two columns differ: a sync trigger was disabled for a time, or the rows were not filled.',
    remedy: 'Run the `update` statement of the message, then the same command again.',
  },
  EQUALITY_PROOF_FAILED: {
    meaning: 'Contract found rows in which the columns differ, so dropping the old column would lose data.',
    remedy: 'Set the right value in these rows, then run the same command again.',
  },
  UNIQUE_CONFLICT: {
    meaning:
      'Two rows with different values in one column have the same value in the other one, and an index is unique.',
    remedy: 'Correct one of the two rows, then run the same command again.',
  },
  CHECK_VIOLATED: {
    meaning: 'A check holds for all rows, and with the other type it does not.',
    remedy: 'Correct the rows that the query of the message finds, or declare the condition in `checks`.',
  },
  MATERIALIZED_VIEW_NOT_FILLED: {
    meaning:
      'The copy of a materialized view for the other column cannot be filled: its query or a unique index fails.',
    remedy:
      'Correct the rows or the materialized view, or drop it until the change is done; then run the same command again.',
  },
  FOREIGN_KEY_VIOLATED: {
    meaning: 'A foreign key does not hold for the other column.',
    remedy: 'Correct the row that the message names, then run the same command again.',
  },
  ATTACHED_MEANWHILE: {
    meaning:
      'Somebody created an index, a foreign key or a materialized view on the old column, or a partition, while the phase ran.',
    remedy:
      'Run the same command again; it creates the same for the new column, or the key of the partition.',
  },
  NAME_TAKEN_MEANWHILE: {
    meaning: 'After expand, somebody gave a name that the change needs to another object.',
    remedy: 'Rename the object that the message names, then run the same command again.',
  },
  COLUMN_IN_USE: {
    meaning: 'Live processes of the application still use the column that the phase takes away.',
    remedy: 'Restart or update these processes, then run the same command again.',
  },
  KEPT_VALUES_LOST: {
    meaning: 'The old values that contract kept for the way back do not exist any more.',
    remedy: 'Restore the schema `online_migration` from a backup, or accept the loss in `reviewed`.',
  },
  ROWS_NOT_FILLED: {
    meaning: 'On the way back of contract, some new values have no equal of the old type.',
    remedy: 'Correct the new column in these rows, then run the same command again.',
  },
  NUMBERS_OUT_OF_RANGE: {
    meaning: 'On the way back of contract, the numbers of the sequence exceed the old type.',
    remedy: 'Correct the sequence as the message says, then run the same command again.',
  },

  // The backfill.
  TRIGGERS_WOULD_FIRE: {
    meaning: 'Triggers of the table would fire for each row that the backfill converts.',
    remedy: 'Allow the package to silence them, or name them in `firesInBackfill`.',
  },
  ROW_UPDATE_FAILED: {
    meaning: 'The value of a row converts, but the table refuses the update.',
    remedy: 'Correct the trigger or the constraint that refuses it, then run the same command again.',
  },
  ROW_UPDATE_WITHOUT_EFFECT: {
    meaning: 'The value of a row converts, but the update leaves the row as it is.',
    remedy: 'Correct the trigger or the rule that drops the update, then run the same command again.',
  },
  REJECT_NOT_RECORDED: {
    meaning: 'A value does not convert, and the row cannot be recorded in `online_migration.reject`.',
    remedy: 'Remove the constraint or the trigger that refuses the record, then run the same command again.',
  },
  QUEUE_SCHEMA_NOT_ALLOWED: {
    meaning: 'The role may not create the schema from which worker processes take their ranges.',
    remedy: 'Create the schema as an administrator, or set `workers` to 1.',
  },
  BACKFILL_PLAN_DELETED: {
    meaning: 'The plan of the backfill was deleted while the backfill started.',
    remedy: 'Run the same command again.',
  },
  RANGE_TAKEN: {
    meaning: 'Another worker has taken the range, so the batch of this worker was rolled back.',
    remedy: 'Nothing: the other worker fills the range.',
  },
  NO_BACKFILL: {
    meaning: 'The command controls a running backfill, and none is running.',
    remedy: 'Start the backfill first.',
  },
  WORKERS_ARE_PROCESSES: {
    meaning: 'The workers of this backfill are processes, so their number cannot be set.',
    remedy: 'Start or end worker processes instead.',
  },

  // The application that follows the active column.
  UNKNOWN_ACTIVE_COLUMN: {
    meaning: 'The pinned column is no column of the change.',
    remedy: 'Pin an old or a new column, or none.',
  },
  SEVERAL_ACTIVE_COLUMNS: {
    meaning: 'The application asked for the name of the active column, and the change has several columns.',
    remedy: "Call `active.nameOf('created_at')`, with the name that the column has before the change.",
  },
  COLUMN_NOT_OF_CHANGE: {
    meaning: 'A column was named that the change does not have.',
    remedy: 'Name a column of the change by its name before the change; the message lists all of them.',
  },
  COLUMN_NOT_ENFORCED: {
    meaning: 'A row has no value in the active column, because another column has become active.',
    remedy: 'Read the active column again and repeat the unit of work; the follower does so once by itself.',
  },

  // The migrator.
  MIGRATOR_NOT_REGISTERED: {
    meaning: 'A phase was started by another migrator than the `OnlineMigrator`.',
    remedy: 'Spread `onlineMigrations()` into the options in `mikro-orm.config.ts`.',
  },
  MIGRATION_LOGGED: {
    meaning: 'The migration is recorded as applied already.',
    remedy: 'Nothing is left to do.',
  },
  MIGRATION_NOT_LOGGED: {
    meaning: 'The migration is not recorded as applied.',
    remedy: 'Nothing is left to do.',
  },
  LEDGER_REFUSED: {
    meaning:
      'The ledger cannot be written for a phase, because of an obstacle that `details.obstacle` gives.',
    remedy: 'Do as the message of the obstacle says.',
  },
  PHASE_NOT_REACHED: {
    meaning: '`migration:log` was called for a phase that the database does not have.',
    remedy: 'Run the migration instead.',
  },
  PHASE_REACHED: {
    meaning: '`migration:unlog` was called for a phase that the database has.',
    remedy: 'Revert the migration instead.',
  },
  ROLLUP_IMPOSSIBLE: {
    meaning:
      'Phases of column changes, and migrations ahead of them, cannot be merged into another migration.',
    remedy: 'Merge only the migrations that the message names.',
  },
  LEDGER_NOT_WRITTEN: {
    meaning: 'A migration ended without the ledger entry in its last transaction.',
    remedy: 'Let its `up` and `down` carry out exactly one phase each.',
  },
  ONE_TRANSACTION_FOR_ALL: {
    meaning:
      'All migrations were to run in one transaction, which would hold the locks of each phase until the end.',
    remedy: 'Set `migrations.allOrNothing` to false, and call the migrator without `transaction`.',
  },
  MIGRATION_UNKNOWN: {
    meaning: 'No migration has a name with this beginning.',
    remedy: 'Write the beginning of one of the names in the message.',
  },
  MIGRATION_AMBIGUOUS: {
    meaning: 'Several migrations have a name with this beginning.',
    remedy: 'Write more of the name.',
  },
  MIGRATION_NOT_APPLIED: {
    meaning: '`migration:down --to` names a migration that has not been applied.',
    remedy: 'Name one of the applied migrations.',
  },
  MIGRATIONS_NOT_LAST: {
    meaning: '`migration:down --only` names migrations that later ones build on.',
    remedy: 'Revert the later migrations first, or in the same command.',
  },
  OPTIONS_CONFLICT: {
    meaning: '`--only` was combined with `--to` or `--from`.',
    remedy: 'Use one of them.',
  },
  OPTION_WITHOUT_VALUE: {
    meaning: 'An option of the command has no value.',
    remedy: 'Name a migration, or leave the option out.',
  },
  OPTION_NOT_SUPPORTED: {
    meaning: 'The command does not support an option that it was given.',
    remedy: 'Leave the option out.',
  },

  // The commands.
  WRONG_USAGE: {
    meaning: 'A command was called with arguments that it does not know.',
    remedy: 'Call it as the usage in the message shows.',
  },
  CONFIG_NOT_FOUND: {
    meaning: 'The command line has no configuration file.',
    remedy: 'Create `online-migration.config.ts`, or name the file with `--config`.',
  },
  CONFIG_INVALID: {
    meaning:
      'The configuration file does not export `{ changes, connection }` as its default, or a setting in it cannot be used.',
    remedy: 'Export an object with both as the default, or change the setting that the message names.',
  },
  STAGE_UNKNOWN: {
    meaning: 'The option `--to` names no stage, or none of the change.',
    remedy: 'Use one of the stages that the message lists.',
  },
  WRONG_DIRECTION: {
    meaning:
      '`up` was called with a stage that the change is past, or `down` with one that it has not reached.',
    remedy: 'Use the command that the message names.',
  },
  PHASE_WITHOUT_MIGRATION: {
    meaning: 'The project uses MikroORM and has no migration for a phase of the change.',
    remedy: 'Write the migration: a class that extends `ColumnMigration`.',
  },
  OTHER_PHASES_PENDING: {
    meaning: 'Pending phases of another change precede the requested one, and MikroORM would run them too.',
    remedy: 'Run them first, or give their files later names.',
  },
  ENTITY_NOT_FOUND: {
    meaning: 'An ORM follows a change of a table that none of its entities has.',
    remedy: 'Add the entity to the configuration, or correct `table` in the change.',
  },
  PROPERTY_NOT_FOUND: {
    meaning: 'No property of the entity is stored in the column that the change names in `from`.',
    remedy: 'Give the property the name that the column has after the change.',
  },
  PROPERTY_OF_SEVERAL_COLUMNS: {
    meaning:
      'The column of a change is stored in a property with other columns, as a composite key or a polymorphic relation is.',
    remedy: 'Give the column a property of its own while the change is under way.',
  },
  KEY_OF_DEEP_INHERITANCE: {
    meaning:
      'The column of a change is the key of an entity with table-per-type inheritance of more than two levels.',
    remedy: 'Map the tables without this inheritance while the change is under way.',
  },
  PROPERTY_TYPE_DIFFERS: {
    meaning: 'A column would give the property another TypeScript type than the entity declares.',
    remedy: 'Give the change the type that the message names.',
  },
  COLUMN_OF_TYPE_MISSING: {
    meaning: 'A change of several columns has one `oldType` or `newType`, without the column that it is for.',
    remedy: 'Give the type by the name of its column: `oldType: { amount: new BigIntType() }`.',
  },
  PROPERTY_CHANGED_TWICE: {
    meaning: 'An ORM follows two changes of one column.',
    remedy: 'Follow only the change that is under way.',
  },
  PROPERTY_WITHOUT_COLUMN: {
    meaning: '`columnOf` was asked for a property that does not exist, or that has not exactly one column.',
    remedy: 'Name a property of the entity with its path, such as `address.street`.',
  },
  STREAM_OVERTAKEN: {
    meaning: 'A phase changed a table during a unit of work that had received rows of a stream.',
    remedy: 'Discard the results of these rows, then start the unit of work again.',
  },
  CHANGE_NOT_FOLLOWED: {
    meaning: 'The follower of a change was requested from an ORM that does not follow the change.',
    remedy: 'Add the change to the `changes` of `followedOrm`.',
  },
  POOL_NOT_AVAILABLE: {
    meaning:
      'The `driverOptions` of MikroORM contain a Kysely instance or dialect, and `followedOrm` needs the pool.',
    remedy: 'Pass options of the pool of `pg` in `driverOptions`.',
  },
  ANSWER_NEEDED: {
    meaning:
      'A new migration would lose values or take them for others, and the entities do not tell which is meant.',
    remedy:
      'Run `npx online-migration create` with the options that the message names, or `migration:create` in a terminal.',
  },
  ANSWER_UNKNOWN: {
    meaning:
      'An option of `npx online-migration create` names a thing on which there is no question, or a new name that is not there.',
    remedy: 'Correct the option, or leave it out.',
  },
  PARTITIONING_CHANGED: {
    meaning:
      'An entity has another partitioning than its table, and PostgreSQL cannot partition a table that is there.',
    remedy: 'Give the partitioned table an entity of its own, and fill it in batches.',
  },
  NO_CHANGE_DECLARED: {
    meaning: 'The configuration lists no column change.',
    remedy: 'Write one with `npx online-migration new`, then add it to `changes` of the configuration file.',
  },
  CHANGE_NOT_CHOSEN: {
    meaning: 'There are several column changes, and the command names none.',
    remedy: 'Name one of them after the command, as the message shows.',
  },
  CHANGE_UNKNOWN: {
    meaning: 'There is no column change of this name.',
    remedy: 'Name one of them after the command, as the message shows.',
  },
  CHANGE_AMBIGUOUS: {
    meaning: 'Several column changes fit the name.',
    remedy: 'Name one of them after the command, as the message shows.',
  },
  CHANGE_NAME_TWICE: {
    meaning: 'The configuration lists several column changes of the same name.',
    remedy: 'Declare a different `name` for all but one of them.',
  },
  CHANGE_NOT_FINISHED: {
    meaning: 'An earlier change of the same column is not finished.',
    remedy: 'Finish the earlier change, or remove it from the list.',
  },
  TABLE_UNKNOWN: {
    meaning: 'The database has no table of this name.',
    remedy: 'Give `--table` with one of the names in the message.',
  },
  NAME_AMBIGUOUS: {
    meaning: 'A name has two meanings: one as the catalog writes it, another one as SQL reads it.',
    remedy: 'Give the name in SQL quotes, as the message shows.',
  },
  COLUMN_UNKNOWN: {
    meaning: 'The table has no column of this name.',
    remedy: 'Give `--column` or `--columns` with the names in the message.',
  },
  TYPE_UNKNOWN: {
    meaning: 'The database has no type of this name.',
    remedy: 'Correct the declaration, or `--to` or `--from`; create an enum before the change.',
  },
  NAME_UNCHANGED: {
    meaning: 'The column has the name of the option `--rename` already.',
    remedy: 'Give another name.',
  },
  COLUMN_TWICE: {
    meaning: 'The option `--columns` names a column twice.',
    remedy: 'Name each column once.',
  },
  KEY_AMONG_COLUMNS: {
    meaning:
      'Columns of `--columns` are keys to which narrower columns refer, and these must become wider in changes of their own.',
    remedy: 'Write a change of each key alone, with the commands in the message.',
  },
  CHANGE_PARTLY_INSTANT: {
    meaning:
      'PostgreSQL changes the type of some columns of `--columns` at once, and others need the phases of a column change.',
    remedy:
      'Write two changes with the commands in the message; or add `--phases` to change all of them in the same phases.',
  },
  TYPE_UNCHANGED: {
    meaning: 'The column has the wanted type already.',
    remedy: 'Give `--to` with another type; of several columns, leave this one out of `--columns`.',
  },
  TIME_ZONE_UNKNOWN: {
    meaning: 'The database does not know the time zone.',
    remedy: 'Give `--zone` with a name such as `Europe/Berlin`.',
  },
  CONVERSION_NOT_WRITTEN: {
    meaning: 'A function of a conversion that `npx online-migration new` has begun is not written yet.',
    remedy: 'Write the function in the file that the message names, as `docs/adapting.md` shows.',
  },
  CONVERSION_IMPOSSIBLE: {
    meaning: 'The conversion cannot be used with these two types, because values would not fit.',
    remedy: 'Give `--to` with a type that the values fit in.',
  },
  DEFAULT_NOT_CONVERTIBLE: {
    meaning: 'The default of the column does not convert to the new type.',
    remedy: 'Change the default first.',
  },
  FILES_EXIST: {
    meaning: 'Files that `npx online-migration new` or a new migration would write exist already.',
    remedy: 'Delete the files that you do not want to keep, then run the same command again.',
  },
  CHANGE_LIST_NOT_FOUND: {
    meaning:
      '`src/column-changes.ts` does not have the list in the form that `npx online-migration new` extends.',
    remedy: 'Restore the line that the message shows, then run the same command again.',
  },
  DECLARATION_EXISTS: {
    meaning: '`src/column-changes.ts` lists a declaration of the same name already.',
    remedy: 'Rename the listed declaration, then run the same command again.',
  },
} as const satisfies Record<string, CodeEntry>;

/** The code of a refusal. */
export type ErrorCode = keyof typeof ERROR_CODES;
