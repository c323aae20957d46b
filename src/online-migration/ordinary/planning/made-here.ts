import type { AlterTableCmd, Node, RangeVar } from 'libpg-query';
import { asKind, type Kind, type Statement } from '../../sql/statements.ts';
import type { AlteredTable, Catalog, IndexPlace } from './catalog.ts';
import { droppedRelations } from './dropped-objects.ts';
import { type Partitioning, partitioningsOf } from './partitioning.ts';
import { nameOf } from './relation-names.ts';

/** Statements that make no object which a later one could need, apart from a column or an index. */
const WITHOUT_OBJECTS: readonly Kind[] = [
  'AlterTableStmt',
  'IndexStmt',
  'CommentStmt',
  'RenameStmt',
  'DropStmt',
  'VariableSetStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
];

const RELATIONS = new Set<string | undefined>(['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW']);

/**
 * The effects of earlier statements of a migration, which the catalog does not have while the plan is made: tables that they make,
 * drop and rename, and names that they take and free.
 */
export class MadeHere {
  /** The columns of each table. */
  readonly #made: Map<string, ReadonlySet<string>>;
  readonly #dropped = new Set<string>();
  /** The name in the catalog of a table that was renamed. */
  readonly #renamed = new Map<string, RangeVar>();
  /** Statements that alter the columns of a table. */
  readonly #altering = new Map<string, Node[]>();
  /** Domains with a constraint. */
  readonly #domains = new Set<string>();
  /** Columns of each table that are dropped without a comment of the author. */
  readonly #lost = new Map<string, readonly string[]>();
  readonly #taken = new Set<string>();
  readonly #freed = new Set<string>();
  readonly #partitioning: Partitioning[] = [];
  /** The indexes of partitions, by the name of the index of the partitioned table. */
  readonly #below = new Map<string, string[]>();
  #setsRole = false;
  #createsObjects = false;

  /** @param made tables that statements made which have already run */
  constructor(made: Iterable<string> = []) {
    this.#made = new Map(Array.from(made, (table) => [table, new Set()]));
  }

  /** The tables that statements make, and that nobody else uses yet. */
  get tables(): ReadonlySet<string> {
    return new Set(this.#made.keys());
  }

  /** Notes the effects of a statement. */
  async note(statement: Statement, catalog: Catalog): Promise<void> {
    const { tree } = statement;
    this.#noteLost(statement);
    this.#setsRole ||= asKind(tree, 'VariableSetStmt')?.name === 'role';
    this.#createsObjects ||= !WITHOUT_OBJECTS.some((kind) => kind in tree);
    const created = asKind(tree, 'CreateStmt')?.relation ?? asKind(tree, 'CreateTableAsStmt')?.into?.rel;
    // It may exist: `create table if not exists`.
    if (created !== undefined && (this.isDropped(created) || !(await catalog.exists(created))))
      this.#made.set(nameOf(created), columnsOf(tree));
    this.#partitioning.push(...partitioningsOf(tree));
    // From here on, a name without a schema can be another table's.
    if (asKind(tree, 'VariableSetStmt')?.name === 'search_path') {
      for (const name of [...this.#made.keys()].filter((each) => !/^"(?:[^"]|"")*"\./.test(each)))
        this.#made.delete(name);
    }
    this.#noteRename(tree);
    for (const index of this.#noteDrop(tree)) await this.#freeIndexes(catalog, { index });
    const alter = asKind(tree, 'AlterTableStmt');
    if (alter?.relation !== undefined) this.#noteAltering(alter.relation, tree);
    for (const node of alter?.cmds ?? []) {
      const command = asKind(node, 'AlterTableCmd');
      if (command?.subtype === 'AT_DropConstraint') {
        this.free(command.name!);
        const table = this.inCatalog(alter!.relation!);
        await this.#freeIndexes(catalog, { table, constraint: command.name! });
      }
      const constraint = asKind(command?.def, 'Constraint')?.conname;
      if (constraint !== undefined) this.take(constraint);
    }
    const index = asKind(tree, 'IndexStmt')?.idxname;
    if (index !== undefined) this.take(index);
    const domain = asKind(tree, 'CreateDomainStmt');
    if (domain?.constraints !== undefined)
      this.#domains.add(asKind(domain.domainname?.at(-1), 'String')?.sval ?? '');
  }

  /** Forgets the effects that end with a migration: its role, and columns that one of its own statements could replace. */
  endMigration(): void {
    this.#setsRole = false;
    this.#lost.clear();
  }

  /** Whether an earlier statement makes a domain of this name with a constraint, in any schema. */
  hasCheckedDomain(name: string): boolean {
    return this.#domains.has(name);
  }

  /** Whether an earlier statement makes the table. Nobody else uses it yet. */
  has(relation: RangeVar): boolean {
    return this.#made.has(nameOf(relation));
  }

  /** Whether an earlier statement sets the role of those that follow. */
  get setsRole(): boolean {
    return this.#setsRole;
  }

  /** Whether an earlier statement creates an object that later ones may use: a table, a function, a type. */
  get createsObjects(): boolean {
    return this.#createsObjects;
  }

  /** An earlier statement makes this table, and it has all of these columns. */
  tableWith(columns: readonly string[]): string | undefined {
    return [...this.#made].find(([, made]) => columns.every((column) => made.has(column)))?.[0];
  }

  /** Whether an earlier statement drops the table or the view, or gives it another name. */
  isDropped(relation: RangeVar): boolean {
    return this.#dropped.has(nameOf(relation));
  }

  /** The same for a name of the catalog, which a statement may write without its schema. */
  isGone(schemaname: string, relname: string): boolean {
    return this.isDropped({ relname }) || this.isDropped({ schemaname, relname });
  }

  /** Whether an earlier statement drops a column. */
  hasDropped(relation: RangeVar, column: string): boolean {
    return this.#commandsOn(relation).some(
      ({ subtype, name }) => subtype === 'AT_DropColumn' && name === column,
    );
  }

  /** Whether an earlier statement adds a column, or gives another one this name. */
  hasMade(relation: RangeVar, column: string): boolean {
    return this.altering(relation).some((tree) => {
      const renamed = asKind(tree, 'RenameStmt');
      const commands = (asKind(tree, 'AlterTableStmt')?.cmds ?? []).map((node) =>
        asKind(node, 'AlterTableCmd'),
      );
      return (
        (renamed?.renameType === 'OBJECT_COLUMN' && renamed.newname === column) ||
        commands.some(
          (command) =>
            command?.subtype === 'AT_AddColumn' && asKind(command.def, 'ColumnDef')?.colname === column,
        )
      );
    });
  }

  /** Columns that earlier statements drop, without a comment of their author. */
  lostColumns(relation: RangeVar): readonly string[] {
    return this.#lost.get(nameOf(relation)) ?? [];
  }

  /** Whether an earlier statement adds a column with a default, so that all rows have a value. */
  hasFilled(relation: RangeVar, column: string): boolean {
    return this.#commandsOn(relation).some(({ def }) => {
      const added = asKind(def, 'ColumnDef');
      const types = added?.constraints?.map((each) => asKind(each, 'Constraint')?.contype);
      return added?.colname === column && types?.includes('CONSTR_DEFAULT');
    });
  }

  /** The name that the table has in the catalog. */
  inCatalog(relation: RangeVar): RangeVar {
    return this.#renamed.get(nameOf(relation)) ?? relation;
  }

  /** Earlier statements that alter the table. */
  altering(relation: RangeVar): readonly Node[] {
    return this.#altering.get(nameOf(relation)) ?? [];
  }

  /** Earlier statements that attach and detach partitions, in their order. */
  get partitioning(): readonly Partitioning[] {
    return this.#partitioning;
  }

  /** The table in the catalog, and the earlier statements that alter it. */
  altered(relation: RangeVar): AlteredTable {
    return {
      relation: this.inCatalog(relation),
      altering: this.altering(relation),
      createsObjects: this.createsObjects,
    };
  }

  /** Whether an earlier statement alters a column of this name: adds it, renames it, lets it be null, … */
  hasAltered(relation: RangeVar, column: string): boolean {
    return hasAltered(this.altering(relation), column);
  }

  /** Notes that an index or a constraint of this name is there. */
  take(name: string): void {
    this.#taken.add(name);
    this.#freed.delete(name);
  }

  /** Notes that the index of a partition is there, which goes with that of the partitioned table. */
  takeBelow(parent: string, name: string): void {
    this.take(name);
    this.#below.set(parent, [...(this.#below.get(parent) ?? []), name]);
  }

  /** Notes that an index or a constraint of this name is dropped. */
  free(name: string): void {
    this.#freed.add(name);
    this.#taken.delete(name);
    for (const below of this.#below.get(name) ?? []) this.free(below);
    this.#below.delete(name);
  }

  /** Whether a name is taken or freed; undefined if no earlier statement has to do with it. */
  isTaken(name: string): boolean | undefined {
    if (this.#taken.has(name)) return true;
    return this.#freed.has(name) ? false : undefined;
  }

  #commandsOn(relation: RangeVar): AlterTableCmd[] {
    return this.altering(relation).flatMap((tree) =>
      (asKind(tree, 'AlterTableStmt')?.cmds ?? []).flatMap((node) => asKind(node, 'AlterTableCmd') ?? []),
    );
  }

  #noteLost({ tree, after, accepted }: Statement): void {
    const alter = asKind(tree, 'AlterTableStmt');
    if (alter?.relation === undefined || (after ?? accepted) !== undefined) return;
    const dropped = (alter.cmds ?? []).flatMap((node) => {
      const command = asKind(node, 'AlterTableCmd');
      return command?.subtype === 'AT_DropColumn' ? [command.name!] : [];
    });
    this.#lost.set(nameOf(alter.relation), [...this.lostColumns(alter.relation), ...dropped]);
  }

  #noteRename(tree: Node): void {
    const moved = asKind(tree, 'AlterObjectSchemaStmt');
    if (moved?.objectType === 'OBJECT_TABLE' && moved.relation !== undefined && moved.newschema !== undefined)
      this.#move(moved.relation, { ...moved.relation, schemaname: moved.newschema });
    const renamed = asKind(tree, 'RenameStmt');
    if (renamed?.relation === undefined || renamed.newname === undefined) return;
    const { relation, newname } = renamed;
    if (renamed.renameType === 'OBJECT_COLUMN') return this.#noteAltering(relation, tree);
    if (renamed.renameType === 'OBJECT_INDEX') this.free(relation.relname!);
    if (renamed.renameType === 'OBJECT_TABCONSTRAINT') this.free(renamed.subname!);
    if (renamed.renameType !== 'OBJECT_TABLE') return this.take(newname);
    this.#move(relation, { ...relation, relname: newname });
  }

  #move(relation: RangeVar, target: RangeVar): void {
    const [from, to] = [nameOf(relation), nameOf(target)];
    const columns = this.#made.get(from);
    if (columns !== undefined) this.#made.set(to, columns);
    else this.#renamed.set(to, this.inCatalog(relation));
    this.#altering.set(to, this.#altering.get(from) ?? []);
    this.#leave(from);
  }

  /** @returns the dropped indexes */
  #noteDrop(tree: Node): RangeVar[] {
    const drop = asKind(tree, 'DropStmt');
    const dropped = drop === undefined ? [] : droppedRelations(drop);
    for (const relation of RELATIONS.has(drop?.removeType) ? dropped : []) {
      this.#leave(nameOf(relation));
    }
    if (drop?.removeType !== 'OBJECT_INDEX') return [];
    for (const { relname } of dropped) this.free(relname!);
    return dropped;
  }

  /** The index of a partitioned table takes those of its partitions along. */
  async #freeIndexes(catalog: Catalog, place: IndexPlace): Promise<void> {
    for (const name of await catalog.readIndexTree(place)) this.free(name);
  }

  #noteAltering(relation: RangeVar, tree: Node): void {
    this.#altering.set(nameOf(relation), [...this.altering(relation), tree]);
  }

  /** No table has this name any more. */
  #leave(name: string): void {
    this.#made.delete(name);
    this.#renamed.delete(name);
    this.#altering.delete(name);
    this.#dropped.add(name);
  }
}

function columnsOf(tree: Node): Set<string> {
  return new Set(
    asKind(tree, 'CreateStmt')?.tableElts?.flatMap((element) => asKind(element, 'ColumnDef')?.colname ?? []),
  );
}

/** Whether one of the statements alters a column of this name. */
export function hasAltered(altering: readonly Node[], column: string): boolean {
  return altering.some((tree) => {
    const renamed = asKind(tree, 'RenameStmt');
    if (renamed?.newname === column || renamed?.subname === column) return true;
    return (asKind(tree, 'AlterTableStmt')?.cmds ?? []).some((node) => {
      const command = asKind(node, 'AlterTableCmd');
      return (asKind(command?.def, 'ColumnDef')?.colname ?? command?.name) === column;
    });
  });
}
