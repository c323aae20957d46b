import type { Node, PartitionCmd, RangeVar } from 'libpg-query';
import { escapeIdentifier } from 'pg';
import { asKind, type Statement } from '../../sql/statements.ts';
import type {
  AlteredTable,
  Attachment,
  Catalog,
  DroppedParts,
  ForeignKeyFacts,
  IndexFacts,
  KeyColumn,
  PartitionFacts,
  PartitionPlace,
} from '../planning/catalog.ts';
import type { NotNullCheck } from '../planning/not-null-checks.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { TableCommand } from '../planning/table-command.ts';
import type { TableFacts } from '../planning/table-facts.ts';
import { KnownSchema } from './known-schema.ts';
import type { KnownTable } from './known-table.ts';
import { isBuiltIn, isStoredAlike, isVolatile, SERIAL, typeOf } from './known-types.ts';

/** The oldest server that the package supports: newer ones can do all that it can. */
const OLDEST_VERSION = 140_000;

/**
 * Takes the facts from the SQL of earlier migrations, without a database. Each table is in use and has rows. A fact that the SQL does
 * not have is assumed, and said.
 */
export class SqlCatalog implements Catalog {
  readonly serverVersion = OLDEST_VERSION;
  readonly #known = new KnownSchema();
  readonly #assumed = new Set<string>();

  /** Notes the effects of a migration, for those that follow. */
  apply(statements: readonly Statement[]): void {
    this.#known.useSchema(undefined);
    for (const { tree } of statements) {
      const path = pathIn(tree);
      if (path !== undefined) this.#known.useSchema(path);
      this.#known.apply(tree);
    }
    this.#known.useSchema(undefined);
  }

  /** Notes a migration whose statements are not all known. */
  applyUnknown(): void {
    this.#known.forgetColumns();
  }

  /** Forgets the types of columns, which a column change alters. */
  forget(relation: RangeVar, columns: readonly string[]): void {
    const table = this.#known.find(relation);
    for (const column of columns) table?.columns?.set(column, { type: null, notNull: false });
  }

  async readTable(relation: RangeVar): Promise<TableFacts> {
    const table = this.#known.find(relation);
    const name = nameOf(relation);
    const columns = table?.columns ?? null;
    return {
      name,
      inCatalog: name,
      schema: this.#known.schemaOf(relation),
      relname: relation.relname!,
      kind: table?.kind ?? 'r',
      isEmpty: table?.kind === 'v',
      rows: null,
      bytes: null,
      columns:
        columns &&
        Object.fromEntries(
          [...columns].map(([column, { notNull, type }]) => [column, { notNull, type: type?.name ?? null }]),
        ),
    };
  }

  async exists(relation: RangeVar): Promise<boolean> {
    return this.#known.find(relation) !== undefined;
  }

  async readPrimaryKey(relation: RangeVar): Promise<readonly KeyColumn[]> {
    const key = this.#known.find(relation)?.primaryKey.columns ?? [];
    return key.map((name) => ({
      name,
      label: /^[a-z_][a-z0-9_]*$/.test(name) ? name : escapeIdentifier(name),
    }));
  }

  async readIndexes(names: readonly string[]): Promise<readonly IndexFacts[]> {
    return names.map((name) => {
      const table = this.#known.tableOfIndex(relationOf(name));
      const isPartitioned = table !== undefined && this.#known.find(table)?.kind === 'p';
      return { name, table: table === undefined ? null : nameOf(table), isFree: false, isPartitioned };
    });
  }

  async isNameTaken(relation: RangeVar, name: string): Promise<boolean> {
    const beside: RangeVar = { ...relation, relname: name };
    return (
      this.#known.find(relation)?.constraints.has(name) === true ||
      this.#known.find(beside) !== undefined ||
      this.#known.tableOfIndex(beside) !== undefined
    );
  }

  async nameOfPostgres(): Promise<undefined> {
    return undefined;
  }

  async hasVolatile(functions: readonly string[]): Promise<boolean> {
    const answers = functions.map((name) => {
      const found = this.#known.functions.get(name) ?? isVolatile(name);
      if (found === undefined) this.#assume(`whether the function ${name} is volatile`);
      return found ?? true;
    });
    return answers.some(Boolean);
  }

  async isCheckedDomain(type: readonly string[]): Promise<boolean> {
    const found = isBuiltIn(type) ? false : this.#known.types.get(type.at(-1) ?? '');
    if (found === undefined) this.#assume(`whether the type ${type.join('.')} is a domain with a constraint`);
    return found ?? false;
  }

  async readNotNullChecks(relation: RangeVar, column: string): Promise<readonly NotNullCheck[]> {
    const constraints = this.#known.find(relation)?.constraints ?? [];
    return [...constraints].flatMap(([name, { notNull, isValidated }]) =>
      notNull === column ? [{ name, isValidated }] : [],
    );
  }

  async changesTypeAtOnce({ command }: TableCommand, table: AlteredTable): Promise<boolean> {
    const name = command.name!;
    const definition = asKind(command.def, 'ColumnDef');
    const known = this.#known.findAltered(table.relation, table.altering);
    const present = known?.columns?.get(name)?.type;
    if (known === undefined || !present) {
      this.#assume(`the present type of the column ${name}`);
      return false;
    }
    const isRead =
      [...known.constraints.values()].some(({ columns }) => columns.includes(name)) ||
      this.#known.foreignKeys.some(
        ({ other, referred }) => other === this.#known.find(table.relation) && referred.includes(name),
      );
    return (
      !isRead && isCast(definition?.raw_default, name) && isStoredAlike(present, typeOf(definition?.typeName))
    );
  }

  async readAttachment(parent: RangeVar, { name }: PartitionCmd): Promise<Attachment> {
    this.#assume(`whether ${nameOf(name!)} has the indexes and foreign keys of ${nameOf(parent)}`);
    return { condition: CONDITION, hasIndexes: true };
  }

  async lacksForeignKeys(): Promise<boolean> {
    return false;
  }

  async readDefaultPartition(parent: RangeVar): Promise<RangeVar | undefined> {
    const table = this.#known.find(parent);
    const found = table && this.#known.partitionsOf(table).find(({ partitionOf }) => partitionOf?.isDefault);
    if (found === undefined) this.#assume(`whether ${nameOf(parent)} has a default partition`);
    return found && { schemaname: found.schema, relname: found.relname };
  }

  async conditionOfNewPartition(): Promise<string> {
    return CONDITION;
  }

  /** PostgreSQL refuses to detach another table. */
  async readPartitionPlace(): Promise<PartitionPlace> {
    return { condition: null };
  }

  async findReferringTable(relation: RangeVar): Promise<string | undefined> {
    const table = this.#known.find(relation);
    const key = table && this.#known.foreignKeys.find(({ other }) => other === table);
    if (key !== undefined) return nameOfKnown(key.table);
    if (!table?.columns) this.#assume(`whether a foreign key refers to ${nameOf(relation)}`);
    return undefined;
  }

  /** Only partitions that migrations make or attach are known. */
  async readPartitionTree(relation: RangeVar): Promise<readonly PartitionFacts[]> {
    const table = this.#known.find(relation);
    if (table?.kind === 'p')
      this.#assume(`whether ${nameOf(relation)} has partitions that no migration makes`);
    const treeOf = (top: KnownTable, parent: string | null): PartitionFacts[] => {
      const { schema, relname, kind } = top;
      const name = nameOf({ schemaname: schema, relname });
      return [
        { schema, relname, kind, name, parent },
        ...this.#known.partitionsOf(top).flatMap((partition) => treeOf(partition, name)),
      ];
    };
    return table === undefined ? [] : treeOf(table, null);
  }

  async readIndexTree(): Promise<readonly string[]> {
    return [];
  }

  async findEqualIndex(): Promise<undefined> {
    this.#assume('whether partitions have the index already');
    return undefined;
  }

  async hasForeignKey(): Promise<boolean> {
    this.#assume('whether partitions have the foreign key already');
    return false;
  }

  async hasConstraint(table: string, name: string): Promise<boolean> {
    return this.#known.find(relationOf(table))?.constraints.has(name) === true;
  }

  async findForeignKeys({ tables, column, constraint }: DroppedParts): Promise<readonly ForeignKeyFacts[]> {
    const dropped = new Set<KnownTable | undefined>();
    for (const relation of tables) {
      const table = this.#known.find(relation);
      dropped.add(table);
      const isKnown = constraint === undefined ? table?.columns : table?.constraints.has(constraint);
      if (!isKnown) this.#assume(`whether foreign keys of ${nameOf(relation)} are dropped`);
    }
    const isPart = column !== undefined || constraint !== undefined;
    return this.#known.foreignKeys
      .filter(({ name, table, columns, other }) => {
        if (table === other) return false;
        if (!dropped.has(table)) return dropped.has(other) && !isPart;
        return (
          (column === undefined || columns.includes(column)) &&
          (constraint === undefined || name === constraint)
        );
      })
      .map(({ name, table, other }) => ({
        name,
        table: nameOfKnown(table),
        schema: table.schema,
        relname: table.relname,
        other: nameOfKnown(other),
        otherSchema: other.schema,
        otherName: other.relname,
        isWithin: dropped.has(table),
      }))
      .toSorted((one, two) => compare(one.table, two.table) || compare(one.name, two.name));
  }

  async findTableOfIndex(index: RangeVar): Promise<RangeVar> {
    const found = this.#known.tableOfIndex(index);
    if (found === undefined) this.#assume(`the table of the index ${nameOf(index)}`);
    return found ?? { relname: '<the table of the index>' };
  }

  async findSequence(relation: RangeVar, column: string): Promise<RangeVar> {
    const table = this.#known.find(relation);
    if (!SERIAL.test(table?.columns?.get(column)?.type?.name ?? ''))
      this.#assume(`the sequence of the column ${column}`);
    // As PostgreSQL names it.
    return { schemaname: this.#known.schemaOf(relation), relname: `${relation.relname}_${column}_seq` };
  }

  async findTableWithType(type: readonly string[]): Promise<string | undefined> {
    const name = type.at(-1) ?? '';
    const found = this.#known.tableWithType(name);
    if (found !== undefined) return nameOfKnown(found);
    if (this.#known.types.has(name)) return undefined;
    this.#assume(`whether a table uses the type ${type.join('.')}`);
    return 'the tables that use it';
  }

  async hasSchema(): Promise<boolean> {
    return true;
  }

  async findDependents(): Promise<null> {
    this.#assume('the dependents');
    return null;
  }

  /** The SQL of earlier migrations does not show all that an index has. */
  async readIndexPart(): Promise<undefined> {
    return undefined;
  }

  async readConstraintPart(): Promise<undefined> {
    return undefined;
  }

  async areSameChecks(): Promise<boolean> {
    return false;
  }

  async isRelation(): Promise<boolean> {
    return false;
  }

  /** Only PostgreSQL can try a fill. */
  async findFillProblem(): Promise<undefined> {
    return undefined;
  }

  async estimateRows(): Promise<undefined> {
    this.#assume('the number of rows');
    return undefined;
  }

  async findTableOfType(type: readonly string[]): Promise<undefined> {
    this.#assume(`whether a table is made of the type ${type.join('.')}`);
    return undefined;
  }

  async hasKeyOfRows(view: RangeVar): Promise<boolean> {
    this.#assume(`whether a unique index has all rows of ${nameOf(view)}`);
    return true;
  }

  async countRows(): Promise<number> {
    return 0;
  }

  async setSearchPath(setting: Node): Promise<void> {
    this.#known.useSchema(pathIn(setting));
  }

  takeAssumptions(): readonly string[] {
    const assumed = [...this.#assumed];
    this.#assumed.clear();
    return assumed;
  }

  #assume(fact: string): void {
    this.#assumed.add(fact);
  }
}

function compare(one: string, two: string): number {
  return one < two ? -1 : Number(one > two);
}

function nameOfKnown({ schema, relname }: KnownTable): string {
  return nameOf({ schemaname: schema, relname });
}

/** Only PostgreSQL knows it. */
const CONDITION = '<the condition of the partition>';

/** Whether a conversion is a cast of the column, which PostgreSQL also makes without it. */
function isCast(conversion: Node | undefined, column: string): boolean {
  if (conversion === undefined) return true;
  const reference = asKind(asKind(conversion, 'TypeCast')?.arg ?? conversion, 'ColumnRef');
  return asKind(reference?.fields?.at(-1), 'String')?.sval === column;
}

/** The relation of a quoted name. */
function relationOf(name: string): RangeVar {
  const parts = [...name.matchAll(/"((?:[^"]|"")*)"/g)].map(([, part]) => part!.replaceAll('""', '"'));
  const [schemaname, relname] = [undefined, ...parts].slice(-2);
  return { relname: relname!, ...(schemaname !== undefined && { schemaname }) };
}

/** The first schema that a statement sets as the search path; undefined if it sets none. */
function pathIn(tree: Node): string | undefined {
  const set = asKind(tree, 'VariableSetStmt');
  const call = asKind(asKind(asKind(tree, 'SelectStmt')?.targetList?.[0], 'ResTarget')?.val, 'FuncCall');
  const isCall = asKind(call?.funcname?.at(-1), 'String')?.sval === 'set_config';
  const [name, value] = isCall ? (call?.args ?? []).map(textOf) : [set?.name, textOf(set?.args?.[0])];
  if (name?.toLowerCase() !== 'search_path') return undefined;
  const paths = [value, ...(set?.args ?? []).slice(1).map(textOf)].flatMap((text) => (text ?? '').split(','));
  const schemas = paths.map((path) => path.trim().replaceAll('"', ''));
  return schemas.find((schema) => schema !== '' && schema !== '$user');
}

function textOf(node: Node | undefined): string | undefined {
  return asKind(node, 'A_Const')?.sval?.sval;
}
