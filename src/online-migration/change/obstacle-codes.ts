import type { CodeEntry } from './error-codes.ts';

/** Every obstacle to a change by its code. A code never changes; `docs/errors.md` lists the same entries. */
export const OBSTACLE_CODES = {
  // The declaration and the table do not fit each other.
  NO_TABLE: {
    meaning: 'The relation is neither a table nor a partitioned table.',
    remedy: 'Declare the table that stores the rows.',
  },
  TABLE_IS_PARTITION: {
    meaning: 'The table is a partition of another table.',
    remedy: 'Change the partitioned table.',
  },
  TABLE_HAS_HEIRS: {
    meaning: 'Other tables inherit from the table, and triggers do not reach them.',
    remedy: 'End the inheritance first.',
  },
  COLUMN_INHERITED: {
    meaning: 'The table inherits the column from another table.',
    remedy: 'End the inheritance first.',
  },
  COLUMN_IN_PARTITION_KEY: {
    meaning: 'The column is in the partition key.',
    remedy: 'Create a new partitioned table; this package cannot change the column.',
  },
  COLUMN_GENERATED: {
    meaning: 'The column is generated from other columns.',
    remedy: 'Run the `alter table` statement of the message.',
  },
  COLUMN_COLLATION: {
    meaning: 'The column has a collation of its own, which a way back would lose.',
    remedy: 'Give the column the collation of its type first.',
  },
  COLUMN_TYPE_NOT_AS_DECLARED: {
    meaning: 'The old column has another type than the declaration says.',
    remedy: 'Correct `from.type`.',
  },
  NULLABLE_NOT_AS_DECLARED: {
    meaning: 'The column may be null and the declaration does not have `nullable`, or the reverse.',
    remedy: 'Correct `nullable`, or set the column NOT NULL first.',
  },
  NEW_COLUMN_EXISTS: {
    meaning:
      'The table has a column with the name of the new column already, and it is not known to be from the change.',
    remedy: 'Declare another `to.name`. If the column is from this change, do as the message says.',
  },
  KEY_COLUMN_NOT_FOUND: {
    meaning: 'The table does not have a column that the declaration names in `key`.',
    remedy: 'Correct `key`.',
  },
  KEY_NOT_UNIQUE: {
    meaning: 'No unique index proves that the declared key is unique and never null.',
    remedy: 'Declare the columns of a primary key, or `key: []`.',
  },
  KEY_MAY_BE_UNREADABLE: {
    meaning: 'The encoding of the database is SQL_ASCII, so a text of the key may not be valid UTF-8.',
    remedy: 'Declare a key of another type, or `key: []`.',
  },

  // Types and expressions.
  TYPE_NOT_FOUND: {
    meaning: 'A declared type does not exist in the database.',
    remedy: 'Correct the type, or create it first.',
  },
  TYPE_NOT_GRANTED: {
    meaning: 'The role may not use a declared type.',
    remedy: 'Run the `grant` statement of the message.',
  },
  TYPE_NOT_WRITTEN_IN_FULL: {
    meaning: 'The catalog writes the declared type with a modifier.',
    remedy: 'Declare the type as the message shows it.',
  },
  TYPE_NOT_COMPARABLE: {
    meaning: "Values of the new type cannot be compared with PostgreSQL's own `=`.",
    remedy:
      'Use a type that has an equality operator, such as `jsonb`, or the type that the domain is made of.',
  },
  TYPE_HAS_DEFAULT: {
    meaning: 'The type has a default, which rows would get that are written through the other column.',
    remedy: 'Drop the default of the type.',
  },
  DOMAIN_CONSTRAINED: {
    meaning: 'The type is a domain with constraints, for which the table would be rewritten under the lock.',
    remedy: 'Use the base type, and a check constraint after the change.',
  },
  EXPRESSION_INVALID: {
    meaning: 'PostgreSQL does not accept an expression of the declaration.',
    remedy: 'Correct the expression.',
  },
  CONVERSION_TYPE_DIFFERS: {
    meaning:
      'An expression of the conversion has another type than the declaration, so PostgreSQL could change values when they are stored.',
    remedy:
      'Correct the declared type, use another conversion, or check and cast the values in the expression.',
  },
  PRECISION_LOST: {
    meaning: 'The conversion gives more digits of a second than the type keeps, so values would be rounded.',
    remedy: 'Let the conversion give null for these values.',
  },
  NULL_OLD_VALUE_NOT_POSSIBLE: {
    meaning: 'The change has no way back, and the old column cannot be null.',
    remedy: 'Declare `conversion.backward`.',
  },

  // Defaults and numbers.
  DEFAULT_DIFFERS: {
    meaning: 'The old column has another default than the declaration says.',
    remedy: 'Correct `from.default`.',
  },
  NEW_DEFAULT_MISSING: {
    meaning: 'The old column has a default, and the declaration has none for the new column.',
    remedy: 'Declare `to.default`.',
  },
  DEFAULT_BESIDE_NUMBERING: {
    meaning: 'The numbers of the column come from a sequence, and the declaration has a default.',
    remedy: 'Declare no default.',
  },
  DEFAULT_OF_NULLABLE: {
    meaning: 'The column may be null and has a default, so a null may be intended or left out.',
    remedy:
      'If no program inserts a null on purpose, confirm it in `reviewed`; otherwise drop the default for the time of the change.',
  },
  SEQUENCE_CANNOT_COUNT: {
    meaning: 'The numbers of the column come from a sequence, which cannot count in the other type.',
    remedy: 'Drop the default or the identity, and give the values in the application.',
  },
  SEQUENCE_OWNED: {
    meaning: 'A sequence belongs to the old column and would be dropped with it.',
    remedy: 'Run the `alter sequence` statement of the message.',
  },
  SEQUENCE_NEXT_OUT_OF_RANGE: {
    meaning: 'The next number of the sequence exceeds the old type.',
    remedy: 'Give the rows beyond the limit other numbers, then set the sequence.',
  },
  SEQUENCE_LIMIT_OUT_OF_RANGE: {
    meaning: 'A limit of the sequence exceeds the old type.',
    remedy: 'Run the `alter sequence` statement of the message.',
  },
  SEQUENCE_START_OUT_OF_RANGE: {
    meaning: 'The start of the sequence exceeds the old type.',
    remedy: 'Run the `alter sequence` statement of the message.',
  },
  VALUES_WITHOUT_EQUAL: {
    meaning: 'Some new values have no equal of the old type.',
    remedy: 'Correct the new column in these rows.',
  },

  // Names and other changes.
  NAME_TAKEN: {
    meaning: 'A relation or a constraint has a name that the change needs.',
    remedy: 'Rename the relation or the constraint.',
  },
  NAME_TOO_LONG: {
    meaning: 'A declared name of a schema, a table or a column is longer than PostgreSQL allows.',
    remedy: 'Declare a shorter `to.name`, or the existing object as the catalog names it.',
  },
  STATE_NEWER: {
    meaning: 'A newer version of the package has altered its tables.',
    remedy: 'Run the command with the newer version.',
  },
  OTHER_LEDGER: {
    meaning:
      'The phases of the change are recorded in another ledger: that of MikroORM, or that of the package.',
    remedy: 'Run the phases as the message says.',
  },
  PHASE_ORDER: {
    meaning: 'An earlier phase is not recorded as applied, or a later one is not recorded as reverted.',
    remedy: 'Run, or revert, the phases that the message names first.',
  },
  INTERIM_NAME_USED: {
    meaning:
      'An earlier change of the table used the same interim name, and would take the new column for its own.',
    remedy: 'Declare another `to.name`.',
  },
  RENAME_RECORDED: {
    meaning: 'A rename is recorded as carried out, but the table has no column of the new name.',
    remedy: 'Revert the later change that renamed it again, or declare another `name`.',
  },
  CHANGE_NAME_TAKEN: {
    meaning: 'The database records a different change under the same name.',
    remedy: 'Declare another `name`.',
  },
  DECLARATION_EDITED: {
    meaning:
      'The declaration of a change under way has another table, column, type, key or conversion than at its start.',
    remedy: 'Set the property back as the message says.',
  },
  OTHER_CHANGE_UNDER_WAY: {
    meaning: 'Another change of the table is under way, and the two would disturb each other.',
    remedy: 'Finish the other change first.',
  },
  KEPT_VALUES_UNUSED: {
    meaning: 'Reverting expand would delete kept old values that belong to no row.',
    remedy: 'Look at them with the query of the message, then confirm their deletion in `reviewed`.',
  },
  EARLIER_VALUES_KEPT: {
    meaning: 'Old values of an earlier change are kept under the same name.',
    remedy: 'Declare another `name`, or delete these values.',
  },

  // Attachments and properties of the column.
  INDEX_NOT_CARRIED: {
    meaning: 'An index of the column cannot be created for the other column by the package.',
    remedy:
      'Unless it protects the rows: drop it for the time of the change, with the statements of the message.',
  },
  INDEX_WITHOUT_ORDER: {
    meaning: 'The access method of an index does not support the other type.',
    remedy: 'Drop the index, and create its successor after the change.',
  },
  CHECK_NOT_CARRIED: {
    meaning: 'The condition of a check does not fit the other type.',
    remedy: 'Declare the condition for both types in `from.checks` and `to.checks`.',
  },
  POLICY_NOT_CARRIED: {
    meaning:
      'The conditions of a row level security policy, of the table or another one, do not fit the other type.',
    remedy: 'Give the policy conditions that fit both types.',
  },
  TRIGGER_NOT_CARRIED: {
    meaning: 'A trigger that uses the column in its condition cannot be made anew for the other column.',
    remedy: 'Let it fire after the write, give it another condition, or do as the message says.',
  },
  FILTER_NOT_CARRIED: {
    meaning: 'The row filter of a publication does not fit the other type.',
    remedy: 'Give it a condition that fits both types, or take the table out for the time of the change.',
  },
  STATISTICS_NOT_CARRIED: {
    meaning: 'Extended statistics of the column cannot be made for the other type.',
    remedy: 'Drop them for the time of the change, with the statements of the message.',
  },
  CHECK_NOT_FOUND: {
    meaning: 'The declaration has a condition for a check that the column does not have.',
    remedy: 'Correct `checks`.',
  },
  CHECK_DIFFERS: {
    meaning: 'A check of the old column has another condition than the declaration says.',
    remedy: 'Correct `from.checks`.',
  },
  TRIAL_REJECTED: {
    meaning: 'An event trigger rejects the temporary table on which definitions are tried.',
    remedy: 'Let the event trigger pass temporary tables.',
  },
  TRIAL_ON_REPLICA: {
    meaning: 'Definitions are tried on a temporary table, which a replica cannot create.',
    remedy: 'Connect to the primary.',
  },
  TEMPORARY_NOT_GRANTED: {
    meaning:
      'The role may not create the temporary table with which definitions of checks, indexes, policies, triggers and views are tried.',
    remedy: 'Run the `grant` statement of the message.',
  },
  FOREIGN_KEY_NOT_CARRIED: {
    meaning: 'A foreign key of the column cannot be created for the other column by the package.',
    remedy: 'Drop the foreign key, and create its successor after the change.',
  },
  FOREIGN_KEY_NOT_COMPARABLE: {
    meaning: 'A foreign key compares the column with a type that is not comparable with the other type.',
    remedy: 'Change that column too, without the foreign key for the time.',
  },
  GENERATED_COLUMN_STORED: {
    meaning: 'A stored generated column uses the column, and could use another one only with a rewrite.',
    remedy: 'Make it a plain column that a trigger fills, with the statement of the message.',
  },
  GENERATED_COLUMN_NOT_CARRIED: {
    meaning:
      'A virtual generated column cannot use the other column: its expression does not fit, or a trigger lists it.',
    remedy:
      'Declare the expression for both types in `from.generated` and `to.generated`, or correct the trigger.',
  },
  GENERATED_COLUMN_NOT_FOUND: {
    meaning: 'The declaration has an expression for a virtual generated column that does not use the column.',
    remedy: 'Correct `generated`.',
  },
  GENERATED_COLUMN_DIFFERS: {
    meaning: 'A virtual generated column has another expression than the declaration says.',
    remedy: 'Correct `from.generated`.',
  },
  DEPENDENT_OBJECT: {
    meaning: 'Another object depends on the column.',
    remedy: 'Drop the object, and create its successor after the change.',
  },
  VIEW_NOT_CARRIED: {
    meaning: 'A view of the column cannot be made anew for the other column.',
    remedy: 'Drop the view, and create its successor after the change.',
  },
  PARTITION_DEPENDENT_OBJECT: {
    meaning: 'An object depends on the column of one partition alone.',
    remedy: 'Drop the object, and create its successor after the change.',
  },
  PARTITION_DIFFERS: {
    meaning: 'A partition has a NOT NULL, a default, an expression or privileges of its own for a column.',
    remedy: 'Make the partition equal to its table.',
  },
  PRIVILEGE_DIFFERS: {
    meaning:
      'A role has a privilege on the new column that was revoked from the old one, or the other way around.',
    remedy: 'Revoke it from both columns, or grant it on both.',
  },
  SECURITY_LABEL: {
    meaning: 'The column has a security label, which it would lose.',
    remedy: 'Remove the label for the time of the change.',
  },
  NOT_NULL_NOT_VALIDATED: {
    meaning: 'The NOT NULL of the column is not validated.',
    remedy: 'Run the `alter table` statement of the message.',
  },
  NOT_NULL_NO_INHERIT: {
    meaning: 'The NOT NULL of the column is NO INHERIT.',
    remedy: 'Run the `alter table` statement of the message.',
  },
  ROWS_STORED_ELSEWHERE: {
    meaning: 'A column or a type elsewhere stores rows of the table as a whole.',
    remedy: 'Store the columns one by one instead.',
  },
  TYPED_TABLE: {
    meaning: 'The table is a typed table and has the columns of its type alone.',
    remedy: 'Run the `alter table` statement of the message.',
  },

  // Functions, triggers and rules.
  FUNCTION_NAMES_COLUMN: {
    meaning: 'The body of a function names the column.',
    remedy: 'Let the function work with either column, then add it to `reviewed`.',
  },
  FOREIGN_TABLE_NAMES_COLUMN: {
    meaning: 'A partition or an heir of the table is a foreign table, which asks for the column by its name.',
    remedy: 'Run the `alter foreign table` statement of the message, or add the foreign table to `reviewed`.',
  },
  FUNCTION_TAKES_WHOLE_ROWS: {
    meaning: 'The body of a function takes all columns of a row.',
    remedy: 'Let the function list the columns, then add it to `reviewed`.',
  },
  TRIGGER_ARGUMENT: {
    meaning: 'A trigger has the name of the column among its arguments.',
    remedy: 'Let the trigger call a function that works with either column, or add it to `reviewed`.',
  },
  TRIGGER_FIRES_LATER: {
    meaning: 'A BEFORE trigger fires after the sync trigger and could change the row.',
    remedy: 'Rename the trigger so that it fires before the sync trigger.',
  },
  RULE: {
    meaning: 'A rule rewrites statements on the table.',
    remedy: 'Write a trigger that does the same, and drop the rule.',
  },
  TRIGGER_NOT_SILENCEABLE: {
    meaning: 'A trigger would fire in the backfill, and the role may not silence it.',
    remedy: 'Run the `grant` statement of the message, or name the trigger in `firesInBackfill`.',
  },
  TRIGGER_BESIDE_CONSTRAINT: {
    meaning: 'A trigger would fire in the backfill, and without it a constraint would not be checked.',
    remedy: 'Drop the constraint until the column is filled, or name the trigger in `firesInBackfill`.',
  },
  TRIGGER_FIRES_ALWAYS: {
    meaning: 'A trigger would fire in the backfill, because it is set to fire for replication or always.',
    remedy: 'Run the `alter table` statement of the message, or name the trigger in `firesInBackfill`.',
  },

  // Replication.
  PUBLICATION_NOT_REVIEWED: {
    meaning: 'A publication publishes the table, and a subscriber without the new column stops.',
    remedy: 'Prepare the subscribers as the message says, then add the publication to `reviewed`.',
  },
  SUBSCRIPTION_NOT_REVIEWED: {
    meaning: 'A subscription writes to the table and fails between contract and rename.',
    remedy: 'Plan to disable it as the message says, then add the subscription to `reviewed`.',
  },
  REPLICA_IDENTITY_MISSING: {
    meaning: 'Updates of the table are published, and it has no replica identity.',
    remedy: 'Give the table a primary key, or run the `alter table` statement of the message.',
  },

  // Rights of the role.
  ROWS_HIDDEN: {
    meaning: 'Row level security can hide rows from the role.',
    remedy: 'Give the role BYPASSRLS, or connect as a role that has it.',
  },
  TABLE_NOT_OWNED: {
    meaning: 'The role does not own a table that has to be altered.',
    remedy: 'Run the `grant` statement of the message, or connect as the owner.',
  },
  OWNER_NOT_INHERITED: {
    meaning: 'The role is a member of the owner of a table, but does not inherit its rights.',
    remedy: 'Run the `alter role` statement of the message, or connect as the owner.',
  },
  CREATE_NOT_GRANTED: {
    meaning:
      'The role may not create in a schema or a tablespace in which an index, a sequence or a view is needed.',
    remedy: 'Run the `grant` statement of the message.',
  },
  USAGE_NOT_GRANTED: {
    meaning: 'The role may not use a schema that the conditions of a row level security policy name.',
    remedy: 'Run the `grant` statement of the message.',
  },
  TRIGGER_NOT_GRANTED: {
    meaning: 'The role lacks a right that it needs to create a trigger of the column again.',
    remedy: 'Run the `grant` statement of the message.',
  },
  REFERENCE_NOT_GRANTED: {
    meaning: 'The role lacks a right on the table that a foreign key refers to.',
    remedy: 'Run the `grant` statement of the message.',
  },
  OWNER_NOT_GRANTED: {
    meaning: 'The role may not act for the owner of the table or of a view.',
    remedy: 'Run the migrations as the owner, or run the `grant` statement of the message.',
  },
  STATE_SCHEMA_NOT_ALLOWED: {
    meaning: 'The role may not create the schema `online_migration`, in which the package keeps its state.',
    remedy: 'Run one of the statements of the message as an administrator.',
  },
  STATE_SCHEMA_NOT_OWNED: {
    meaning:
      'The schema `online_migration` belongs to another role and does not have the tables of the package.',
    remedy: 'Run the `alter schema` statement of the message as an administrator.',
  },
  STATE_SCHEMA_OUTDATED: {
    meaning: 'An earlier version of the package created the tables in the schema `online_migration`.',
    remedy: 'Run the command once as the owner of the schema or as an administrator.',
  },
  STATE_SCHEMA_NOT_GRANTED: {
    meaning: 'The owner of the table has no rights on the schema `online_migration`.',
    remedy: 'Run the `grant` statements of the message.',
  },
  FUNCTIONS_NOT_OWNED: {
    meaning: 'The functions of the change belong to another role, which the current one may not act for.',
    remedy: 'Run the `alter function` statements of the message as an administrator.',
  },
} as const satisfies Record<string, CodeEntry>;

/** The code of an obstacle. */
export type ObstacleCode = keyof typeof OBSTACLE_CODES;
