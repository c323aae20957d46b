import type { CreateStmt, Node, PartitionCmd, RangeVar } from 'libpg-query';
import { asKind, type NodeOf } from '../../sql/statements.ts';
import { stringsOf } from '../planning/table-command.ts';
import {
  addColumn,
  addConstraint,
  alterTable,
  type KnownColumn,
  type KnownTable,
  renameColumn,
} from './known-table.ts';

/** A foreign key that a migration adds. */
export interface KnownForeignKey {
  readonly name: string;
  readonly table: KnownTable;
  readonly columns: readonly string[];
  readonly other: KnownTable;
  /** The columns of the other table. */
  readonly referred: readonly string[];
}

/** The schema that the statements of migrations make, in sequence. It knows only objects that they name. */
export class KnownSchema {
  readonly #tables = new Map<string, KnownTable>();
  /** The table of each index. */
  readonly #indexes = new Map<string, RangeVar>();
  /** Whether a domain has a constraint; false for another type. */
  readonly types = new Map<string, boolean>();
  /** Whether a function is volatile. */
  readonly functions = new Map<string, boolean>();
  /** The schema of names without one. */
  #schema = 'public';

  /** Sets the schema of names without one. */
  useSchema(name: string | undefined): void {
    this.#schema = name ?? 'public';
  }

  schemaOf({ schemaname }: RangeVar): string {
    return schemaname ?? this.#schema;
  }

  find(relation: RangeVar): KnownTable | undefined {
    return this.#tables.get(this.#key(relation));
  }

  /** The table of this name as further statements leave its columns; undefined if it is not known. */
  findAltered(relation: RangeVar, altering: readonly Node[]): KnownTable | undefined {
    const table = structuredClone(this.find(relation));
    if (table === undefined) return undefined;
    for (const tree of altering) {
      const renamed = asKind(tree, 'RenameStmt');
      if (renamed !== undefined) renameColumn(table, renamed);
      for (const node of asKind(tree, 'AlterTableStmt')?.cmds ?? [])
        alterTable(table, asKind(node, 'AlterTableCmd')!);
    }
    return table;
  }

  /** The partitions of a table that migrations make or attach. */
  partitionsOf(parent: KnownTable): KnownTable[] {
    return [...this.#tables.values()].filter(({ partitionOf }) => partitionOf?.parent === parent);
  }

  /** A table with a column of this type. */
  tableWithType(name: string): KnownTable | undefined {
    return [...this.#tables.values()].find(({ columns }) =>
      [...(columns?.values() ?? [])].some(({ type }) => type?.name === name),
    );
  }

  /** The foreign keys between the tables that are there. */
  get foreignKeys(): KnownForeignKey[] {
    const tables = new Set(this.#tables.values());
    return [...tables].flatMap((table) =>
      [...table.constraints].flatMap(([name, { columns, reference }]) =>
        reference?.table !== undefined && tables.has(reference.table)
          ? [{ name, table, columns, other: reference.table, referred: reference.columns }]
          : [],
      ),
    );
  }

  /** The table of an index; undefined if no migration makes the index. */
  tableOfIndex(index: RangeVar): RangeVar | undefined {
    return this.#indexes.get(this.#key(index));
  }

  /** Forgets the columns and constraints of all tables: statements that are not known may have altered them. */
  forgetColumns(): void {
    for (const table of this.#tables.values()) {
      table.columns = null;
      table.constraints.clear();
    }
  }

  /** Notes the effects of a statement. */
  apply(tree: Node): void {
    if ('DoStmt' in tree || 'CallStmt' in tree) return this.forgetColumns();
    const create = asKind(tree, 'CreateStmt');
    if (create?.relation !== undefined) {
      return this.#create(create);
    }
    const made = asKind(tree, 'CreateTableAsStmt');
    if (made?.into?.rel !== undefined)
      return this.#add(made.into.rel, made.objtype === 'OBJECT_MATVIEW' ? 'm' : 'r', null);
    const view = asKind(tree, 'ViewStmt')?.view;
    if (view !== undefined) return this.#add(view, 'v', null);
    const alter = asKind(tree, 'AlterTableStmt');
    if (alter?.relation !== undefined && alter.objtype === 'OBJECT_TABLE') {
      const table = this.#known(alter.relation);
      for (const node of alter.cmds ?? []) {
        const command = asKind(node, 'AlterTableCmd')!;
        alterTable(table, command);
        const partition = asKind(command.def, 'PartitionCmd');
        if (partition?.name) this.#notePartition(table, partition);
      }
      return this.#noteReferences(table);
    }
    const index = asKind(tree, 'IndexStmt');
    if (index?.relation !== undefined && index.idxname !== undefined)
      this.#indexes.set(this.#key({ ...index.relation, relname: index.idxname }), index.relation);
    const renamed = asKind(tree, 'RenameStmt');
    if (renamed?.relation !== undefined) return this.#rename(renamed);
    const drop = asKind(tree, 'DropStmt');
    if (drop !== undefined) return this.#drop(drop);
    const domain = asKind(tree, 'CreateDomainStmt');
    if (domain !== undefined)
      this.types.set(stringsOf(domain.domainname).at(-1) ?? '', (domain.constraints?.length ?? 0) > 0);
    const altered = asKind(tree, 'AlterDomainStmt');
    if (altered?.subtype === 'C') this.types.set(stringsOf(altered.typeName).at(-1) ?? '', true);
    const type = asKind(tree, 'CreateEnumStmt')?.typeName;
    if (type !== undefined) this.types.set(stringsOf(type).at(-1) ?? '', false);
    const composite = asKind(tree, 'CompositeTypeStmt')?.typevar?.relname;
    if (composite !== undefined) this.types.set(composite, false);
    const routine = asKind(tree, 'CreateFunctionStmt');
    if (routine !== undefined)
      this.functions.set(stringsOf(routine.funcname).at(-1) ?? '', isVolatileRoutine(routine));
  }

  #key(relation: RangeVar): string {
    return JSON.stringify([this.schemaOf(relation), relation.relname]);
  }

  #add(relation: RangeVar, kind: KnownTable['kind'], columns: KnownTable['columns']): void {
    const schema = this.schemaOf(relation);
    this.#tables.set(this.#key(relation), {
      schema,
      relname: relation.relname!,
      kind,
      columns,
      primaryKey: { constraint: null, columns: [] },
      constraints: new Map(),
    });
  }

  /** A table that was there before is known from its first change on. */
  #known(relation: RangeVar): KnownTable {
    if (this.find(relation) === undefined) this.#add(relation, 'r', null);
    return this.find(relation)!;
  }

  #create({
    relation,
    tableElts = [],
    partspec,
    partbound,
    inhRelations,
    if_not_exists: ifMissing,
  }: CreateStmt) {
    if (relation?.relpersistence === 't' || (ifMissing && this.find(relation!) !== undefined)) return;
    const [first] = inhRelations ?? [];
    const parent = asKind(first, 'RangeVar');
    const inherited = parent === undefined ? new Map<string, KnownColumn>() : this.find(parent)?.columns;
    const isLike = tableElts.some((node) => asKind(node, 'TableLikeClause') !== undefined);
    const columns =
      isLike || !inherited ? null : new Map([...inherited].map(([name, own]) => [name, { ...own }]));
    this.#add(relation!, partspec === undefined ? 'r' : 'p', columns);
    const table = this.find(relation!)!;
    if (parent !== undefined && partbound !== undefined)
      table.partitionOf = { parent: this.#known(parent), isDefault: partbound.is_default === true };
    for (const node of tableElts) {
      const column = asKind(node, 'ColumnDef');
      if (column !== undefined) addColumn(table, column);
      const constraint = asKind(node, 'Constraint');
      if (constraint !== undefined) addConstraint(table, constraint);
    }
    this.#noteReferences(table);
  }

  /** With a bound, the partition is attached; without one, it is detached. */
  #notePartition(parent: KnownTable, { name, bound }: PartitionCmd): void {
    const partition = this.#known(name!);
    if (bound === undefined) delete partition.partitionOf;
    else partition.partitionOf = { parent, isDefault: bound.is_default === true };
  }

  /** Finds the tables that new foreign keys refer to. They may get other names later. */
  #noteReferences(table: KnownTable): void {
    for (const { reference } of table.constraints.values()) {
      if (reference === undefined || reference.table !== undefined) continue;
      reference.table = this.#known(reference.relation);
      if (reference.columns.length === 0) reference.columns = reference.table.primaryKey.columns;
    }
  }

  #rename({ renameType, relation, subname = '', newname = '' }: NodeOf<'RenameStmt'>): void {
    const table = this.find(relation!);
    const key = this.#key(relation!);
    if (renameType === 'OBJECT_INDEX') {
      const of = this.#indexes.get(key);
      this.#indexes.delete(key);
      if (of !== undefined) this.#indexes.set(this.#key({ ...relation, relname: newname }), of);
    } else if (table !== undefined && renameType === 'OBJECT_COLUMN') {
      renameColumn(table, { subname, newname });
    } else if (table !== undefined && renameType === 'OBJECT_TABLE') {
      this.#tables.delete(key);
      table.relname = newname;
      this.#tables.set(this.#key({ ...relation, relname: newname }), table);
    }
  }

  #drop({ removeType, objects = [] }: NodeOf<'DropStmt'>): void {
    for (const object of objects) {
      const [schemaname, relname] = [undefined, ...stringsOf(asKind(object, 'List')?.items)].slice(-2);
      if (relname === undefined) continue;
      const key = this.#key({ relname, ...(schemaname !== undefined && { schemaname }) });
      if (removeType === 'OBJECT_INDEX') this.#indexes.delete(key);
      else if (/^OBJECT_(?:TABLE|VIEW|MATVIEW)$/.test(removeType ?? '')) this.#tables.delete(key);
    }
  }
}

function isVolatileRoutine({ options = [] }: NodeOf<'CreateFunctionStmt'>): boolean {
  const volatility = options
    .map((node) => asKind(node, 'DefElem'))
    .find((option) => option?.defname === 'volatility');
  return volatility === undefined || asKind(volatility.arg, 'String')?.sval === 'volatile';
}
