import type { Constraint, Node, PartitionBoundSpec, PartitionCmd, RangeVar } from 'libpg-query';
import type { TableFill } from '../fill/table-fill.ts';
import type { TableCommand } from './table-command.ts';
import type { NotNullCheck } from './not-null-checks.ts';
import type { TableFacts } from './table-facts.ts';

/** A table in the catalog, and the earlier statements of the migration that alter its columns. */
export interface AlteredTable {
  /** Its name in the catalog. */
  readonly relation: RangeVar;
  readonly altering: readonly Node[];
  /** Whether an earlier statement creates objects, such as a type or a function, that a later one may use. */
  readonly createsObjects: boolean;
}

/** A column of a primary key. */
export interface KeyColumn {
  readonly name: string;
  /** Quoted if it needs that. */
  readonly label: string;
}

/** An index that a statement names. */
export interface IndexFacts {
  /** The name in the statement, quoted. */
  readonly name: string;
  /** The table, quoted; null if it is not known. */
  readonly table: string | null;
  /** Whether the table has no row. */
  readonly isFree: boolean;
  readonly isPartitioned: boolean;
}

/** A table as it would be attached to a partitioned one. */
export interface Attachment {
  /** The condition of its rows. */
  readonly condition: string;
  /** Whether it has an index for each of the partitioned table. */
  readonly hasIndexes: boolean;
}

/** A table in the tree of a partitioned table. */
export interface PartitionFacts {
  /** Not quoted. */
  readonly schema: string;
  readonly relname: string;
  /** Schema and name, quoted. */
  readonly name: string;
  /** Its parent's schema and name, quoted; null for the first one. */
  readonly parent: string | null;
  /** `r` a table, `p` a partitioned one, `f` a foreign one. */
  readonly kind: string;
}

/** The place of a partition in its table. */
export interface PartitionPlace {
  /** The condition of its rows; null if it is not known, or there is none. */
  readonly condition: string | null;
}

/** An index by its name, or by the constraint that it belongs to. */
export type IndexPlace =
  | { readonly index: RangeVar }
  | { readonly table: RangeVar; readonly constraint: string };

/** A foreign key between two tables. */
export interface ForeignKeyFacts {
  readonly name: string;
  /** The referring table: schema and name, quoted. */
  readonly table: string;
  /** Not quoted. */
  readonly schema: string;
  readonly relname: string;
  /** The table that it refers to: schema and name, quoted. */
  readonly other: string;
  readonly otherSchema: string;
  readonly otherName: string;
  /** Whether the referring table is dropped, too. */
  readonly isWithin: boolean;
}

/** Tables that a statement drops, or the part of one. */
export interface DroppedParts {
  readonly tables: readonly RangeVar[];
  readonly column?: string;
  readonly constraint?: string;
}

/** An object that depends on a dropped one. */
export interface Dependent {
  /** As PostgreSQL describes it: `constraint orders_customer_id_fkey on table orders`. */
  readonly description: string;
  /** The name of a constraint. */
  readonly constraint: string | null;
  readonly schema: string | null;
  /** The table or the view that it is part of. */
  readonly relation: string | null;
  readonly column: string | null;
}

/** A constraint or an index of a table that a statement drops. */
export interface DroppedPart {
  /** A constraint: `c`heck, `f`oreign, `u`nique, `p`rimary; or an index. */
  readonly kind: 'c' | 'f' | 'u' | 'p' | 'index' | 'unique';
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  /** Whether its columns, or its columns and its rules, are all that it has. It is valid. */
  readonly isPlain: boolean;
  /** Of a foreign key: the OID of the other table, its columns, and the rules for updates, deletes and matches. */
  readonly referenced: string;
  readonly referencedColumns: readonly string[];
  readonly rules: string;
}

/** A check, and another one that would be added under another name. */
export interface ComparedChecks {
  readonly table: AlteredTable;
  readonly name: string;
  readonly added: string;
  /** Writes the statements that rename columns, and the one that adds the check, for another table. */
  readonly onTable: (trial: RangeVar) => readonly Node[];
}

/** A fill, and the effects of earlier statements of the migration. */
export interface PlannedFill {
  readonly fill: TableFill;
  readonly table: TableFacts;
  readonly altered: AlteredTable;
  /** Whether an earlier statement sets a role. */
  readonly setsRole: boolean;
}

/** A reason against a fill, and the safe way. */
export interface FillProblem {
  readonly reason: string;
  readonly instead: string;
}

/**
 * The facts on which the rules decide. They are read from a database, or from the SQL of earlier migrations. Facts that the SQL does not
 * have are assumed.
 */
export interface Catalog {
  /** `server_version_num`: 180004. */
  readonly serverVersion: number;
  /** Reads a table's facts; null if it does not exist. */
  readTable(relation: RangeVar): Promise<TableFacts | null>;
  /** Whether a table of this name is there. `create table if not exists` asks. */
  exists(relation: RangeVar): Promise<boolean>;
  /** The columns of a table's primary key, in order. */
  readPrimaryKey(relation: RangeVar): Promise<readonly KeyColumn[]>;
  /** The indexes of these quoted names; those that do not exist are left out. */
  readIndexes(names: readonly string[]): Promise<readonly IndexFacts[]>;
  /** Whether an index or a constraint of the table, or a relation of its schema, has this name. */
  isNameTaken(relation: RangeVar, name: string): Promise<boolean>;
  /**
   * The name that PostgreSQL gives to an index or a constraint.
   * @param name the table's
   * @param onTable the statement that makes it, for another table
   * @returns undefined if PostgreSQL refuses the statement, or cannot be asked
   */
  nameOfPostgres(
    table: AlteredTable,
    name: string,
    onTable: (trial: RangeVar) => Node,
  ): Promise<string | undefined>;
  /** Whether one of the functions is volatile, or is not known. Their names have no schema. */
  hasVolatile(functions: readonly string[]): Promise<boolean>;
  /** Whether a type is a domain with a constraint. */
  isCheckedDomain(type: readonly string[]): Promise<boolean>;
  /** Reads the checks that only exclude null from a column. */
  readNotNullChecks(relation: RangeVar, column: string): Promise<readonly NotNullCheck[]>;
  /** Whether PostgreSQL changes the type of a column without reading the rows or building an index. */
  changesTypeAtOnce(alter: TableCommand, table: AlteredTable): Promise<boolean>;
  /** @returns null if PostgreSQL refuses it */
  readAttachment(parent: RangeVar, command: PartitionCmd): Promise<Attachment | null>;
  /** Whether a foreign key of a partitioned table is missing on a table. */
  lacksForeignKeys(parent: RangeVar, partition: RangeVar): Promise<boolean>;
  readDefaultPartition(parent: RangeVar): Promise<RangeVar | undefined>;
  /** Reads the condition of the rows of a new partition; null if PostgreSQL refuses the partition. */
  conditionOfNewPartition(parent: RangeVar, bound: PartitionBoundSpec): Promise<string | null>;
  /** Reads the place of a partition; null if it is none of this table. */
  readPartitionPlace(parent: RangeVar, partition: RangeVar): Promise<PartitionPlace | null>;
  /** Finds a table with a foreign key to this one: schema and name, quoted. */
  findReferringTable(relation: RangeVar): Promise<string | undefined>;
  /** Lists a table and its partitions on all levels, parents before their children. */
  readPartitionTree(relation: RangeVar): Promise<readonly PartitionFacts[]>;
  /** The names of an index and of those of partitions that belong to it; none if it does not exist. */
  readIndexTree(place: IndexPlace): Promise<readonly string[]>;
  /**
   * Finds the valid index of a partition that PostgreSQL would take for a new index of the partitioned table, instead of building one.
   * @param partition schema and name, quoted
   * @param onTable the statement that makes the new index, for another table
   * @param isDropped whether an earlier statement drops an index of the partition
   * @returns its schema and name, quoted; undefined if there is none
   */
  findEqualIndex(
    partition: string,
    onTable: (trial: RangeVar) => Node,
    isDropped: (index: string) => boolean,
  ): Promise<string | undefined>;
  /** Whether a partition, named by schema and name, quoted, has a foreign key that PostgreSQL takes for that of the partitioned table. */
  hasForeignKey(partition: string, key: Constraint): Promise<boolean>;
  /** Whether a table, named by schema and name, quoted, has a constraint of this name. */
  hasConstraint(table: string, name: string): Promise<boolean>;
  /** Finds the foreign keys between two tables that go with the dropped tables or parts. */
  findForeignKeys(dropped: DroppedParts): Promise<readonly ForeignKeyFacts[]>;
  /** The table of an index; undefined if the index does not exist. */
  findTableOfIndex(index: RangeVar): Promise<RangeVar | undefined>;
  /** The sequence from which a column's default takes its numbers; undefined if there is none. */
  findSequence(relation: RangeVar, column: string): Promise<RangeVar | undefined>;
  /** The name of a table with rows that has a column of the type; undefined if there is none. */
  findTableWithType(type: readonly string[]): Promise<string | undefined>;
  /** The name of a table that is made of a composite type; undefined if there is none. */
  findTableOfType(type: readonly string[]): Promise<string | undefined>;
  /** Whether a unique index has all rows of a materialized view, by their columns. */
  hasKeyOfRows(view: RangeVar): Promise<boolean>;
  /** The most rows that a part of the statement writes, by PostgreSQL's estimate; undefined if it cannot be planned. */
  estimateRows(statement: string): Promise<number | undefined>;
  /**
   * Counts the rows that a statement writes.
   * @param most the count ends there
   * @returns 0 if they cannot be counted before it runs
   */
  countRows(tree: Node, most: number): Promise<number>;
  /** Whether one of the schemas exists. */
  hasSchema(names: readonly string[]): Promise<boolean>;
  /**
   * Finds the dependents of objects that are no part of them.
   * @param kind of the objects, as in a statement that drops them: `OBJECT_TABLE`
   * @param names quoted
   * @returns null if they are not known
   */
  findDependents(kind: string, names: readonly string[]): Promise<readonly Dependent[] | null>;
  /** Reads an index of a table that belongs to no constraint; undefined if there is none, or it is not known. */
  readIndexPart(name: string, table: string): Promise<DroppedPart | undefined>;
  /** Reads a constraint of a table; undefined if there is none, or it is not known. */
  readConstraintPart(name: string, table: string): Promise<DroppedPart | undefined>;
  /** Whether two checks are the same. */
  areSameChecks(checks: ComparedChecks): Promise<boolean>;
  /** Whether a relation has this OID. */
  isRelation(oid: string, relation: RangeVar): Promise<boolean>;
  /** Finds a reason against a fill; undefined if there is none, or it is not known. */
  findFillProblem(planned: PlannedFill): Promise<FillProblem | undefined>;
  /** Sets the schemas in which later names are looked up. */
  setSearchPath(setting: Node): Promise<void>;
  /** The facts that were assumed since the last call, each as a noun or a clause with `whether`; none if all were read. */
  takeAssumptions(): readonly string[];
}
