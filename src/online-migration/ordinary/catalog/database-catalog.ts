import type { Constraint, Node, PartitionBoundSpec, PartitionCmd, RangeVar } from 'libpg-query';
import { escapeIdentifier } from 'pg';
import type { Queryable } from '../../postgres/queryable.ts';
import type { SqlParser } from '../../sql/sql-parser.ts';
import { writeStatement } from '../../sql/write-statement.ts';
import type {
  AlteredTable,
  Attachment,
  Catalog,
  ComparedChecks,
  Dependent,
  DroppedPart,
  DroppedParts,
  FillProblem,
  ForeignKeyFacts,
  IndexFacts,
  IndexPlace,
  KeyColumn,
  PartitionFacts,
  PartitionPlace,
  PlannedFill,
} from '../planning/catalog.ts';
import type { NotNullCheck } from '../planning/not-null-checks.ts';
import { nameOf } from '../planning/relation-names.ts';
import { writtenRowsOf } from '../planning/written-rows.ts';
import type { TableCommand } from '../planning/table-command.ts';
import type { TableFacts } from '../planning/table-facts.ts';
import { attachedOnTrial } from './attachment-trial.ts';
import { areSameChecks, readConstraintPart, readIndexPart } from './dropped-part.ts';
import { findDependents } from './dependents.ts';
import { findEqualIndex } from './equal-index.ts';
import { findFillProblem } from './fill-trial.ts';
import { findForeignKeys, findReferringTable, hasConstraint, hasForeignKey } from './foreign-keys.ts';
import { conditionOfNewPartition, readPartitionPlace } from './partition-condition.ts';
import { readIndexTree, readPartitionTree } from './partition-tree.ts';
import { readTable } from './read-table.ts';
import { findSequence } from './sequence.ts';
import { onTrialTable } from './trial-table.ts';
import { changesTypeAtOnce } from './type-trial.ts';
import { countRows, estimateRows } from './written-rows.ts';

/** Reads the facts from a database. It changes nothing there. */
export class DatabaseCatalog implements Catalog {
  readonly serverVersion: number;
  readonly #database: Queryable;
  readonly #parser: SqlParser;
  readonly #path: string;

  private constructor(
    database: Queryable,
    parser: SqlParser,
    { version, path }: { readonly version: number; readonly path: string },
  ) {
    this.#database = database;
    this.#parser = parser;
    this.serverVersion = version;
    this.#path = path;
  }

  /** @param database has no transaction open */
  static async open(database: Queryable, parser: SqlParser): Promise<DatabaseCatalog> {
    const { rows } = await database.query<{ version: number; path: string }>(
      `select current_setting('server_version_num')::integer as version, current_setting('search_path') as path`,
    );
    return new DatabaseCatalog(database, parser, rows[0]!);
  }

  async readTable(relation: RangeVar): Promise<TableFacts | null> {
    return readTable(this.#database, relation);
  }

  async exists(relation: RangeVar): Promise<boolean> {
    return this.#is(`select to_regclass($1) is not null as found`, [nameOf(relation)]);
  }

  async readPrimaryKey(relation: RangeVar): Promise<readonly KeyColumn[]> {
    const { rows } = await this.#database.query<KeyColumn>(
      `
      select a.attname as name, quote_ident(a.attname) as label
      from pg_catalog.pg_index i
      cross join unnest(i.indkey) with ordinality as key (attnum, position)
      join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = key.attnum
      where i.indrelid = to_regclass($1) and i.indisprimary and key.position <= i.indnkeyatts
      order by key.position`,
      [nameOf(relation)],
    );
    return rows;
  }

  async readIndexes(names: readonly string[]): Promise<readonly IndexFacts[]> {
    const { rows } = await this.#database.query<IndexFacts>(
      `
      select name, i.indrelid::regclass::text as table, pg_relation_size(i.indrelid) = 0 as "isFree", c.relkind = 'I' as "isPartitioned"
      from unnest($1::text[]) with ordinality as wanted (name, position)
      join pg_catalog.pg_index i on i.indexrelid = to_regclass(name)
      join pg_catalog.pg_class c on c.oid = i.indexrelid
      order by position`,
      [names],
    );
    return rows;
  }

  async isNameTaken(relation: RangeVar, name: string): Promise<boolean> {
    return this.#is(
      `
      select exists (
          select from pg_catalog.pg_class c where c.relname = $2 and c.relnamespace = t.relnamespace
        ) or exists (
          select from pg_catalog.pg_constraint n where n.conname = $2 and n.connamespace = t.relnamespace
        ) as found
      from pg_catalog.pg_class t
      where t.oid = to_regclass($1)`,
      [nameOf(relation), name],
    );
  }

  /** The statement runs on an empty table of the same name, which is rolled back. */
  async nameOfPostgres(
    table: AlteredTable,
    name: string,
    onTable: (trial: RangeVar) => Node,
  ): Promise<string | undefined> {
    return onTrialTable(
      { database: this.#database, parser: this.#parser },
      table,
      { name },
      async (trial) => {
        const sql = writeStatement(this.#parser, onTable(trial));
        if (sql === null) return undefined;
        await this.#database.query(sql);
        const { rows } = await this.#database.query<{ name: string }>(
          `
        select name
        from (
          select conname as name, oid from pg_catalog.pg_constraint where conrelid = to_regclass($1) and contype <> 'n'
          union all
          select c.relname, c.oid from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid where i.indrelid = to_regclass($1)
        ) as made
        order by oid desc limit 1`,
          [nameOf(trial)],
        );
        return rows[0]?.name;
      },
    );
  }

  async hasVolatile(functions: readonly string[]): Promise<boolean> {
    if (functions.length === 0) return false;
    return this.#is(
      `
      select coalesce(bool_or(p.oid is null or p.provolatile = 'v'), false) as found
      from unnest($1::text[]) as name
      left join pg_catalog.pg_proc p on p.proname = name`,
      [functions],
    );
  }

  async isCheckedDomain(type: readonly string[]): Promise<boolean> {
    return this.#is(
      `
      with recursive domain as (
        select t.oid, t.typbasetype, t.typnotnull, t.typtype, t.typdefaultbin from pg_catalog.pg_type t
        where t.oid = to_regtype((select string_agg(quote_ident(name), '.' order by position) from unnest($1::text[]) with ordinality as part (name, position)))
        union all
        select t.oid, t.typbasetype, t.typnotnull, t.typtype, t.typdefaultbin from pg_catalog.pg_type t join domain on t.oid = domain.typbasetype
      )
      select exists (
        select from domain
        where typtype = 'd' and (
          typnotnull or exists (select from pg_catalog.pg_constraint where contypid = domain.oid) or exists (
            select from regexp_matches(typdefaultbin::text, 'funcid ([0-9]+)', 'g') as called (ids)
            join pg_catalog.pg_proc p on p.oid = ids[1]::oid
            where p.provolatile = 'v'
          )
        )
      ) as found`,
      [type],
    );
  }

  async readNotNullChecks(relation: RangeVar, column: string): Promise<readonly NotNullCheck[]> {
    const { rows } = await this.#database.query<NotNullCheck>(
      `
      select conname::text as name, convalidated as "isValidated"
      from pg_catalog.pg_constraint
      where conrelid = to_regclass($1) and contype = 'c'
        -- It says nothing about the rows of tables that inherit.
        and not (connoinherit and exists (select from pg_catalog.pg_inherits where inhparent = conrelid))
        and pg_get_expr(conbin, conrelid) = format('(%I IS NOT NULL)', $2::text)`,
      [nameOf(relation), column],
    );
    return rows;
  }

  async changesTypeAtOnce(alter: TableCommand, table: AlteredTable): Promise<boolean> {
    return changesTypeAtOnce({ database: this.#database, parser: this.#parser }, alter, table);
  }

  async readAttachment(parent: RangeVar, command: PartitionCmd): Promise<Attachment | null> {
    return attachedOnTrial({ database: this.#database, parser: this.#parser }, parent, command);
  }

  async lacksForeignKeys(parent: RangeVar, partition: RangeVar): Promise<boolean> {
    return this.#is(
      `
      select exists (
        select from pg_catalog.pg_constraint f
        where f.conrelid = to_regclass($1) and f.contype = 'f' and pg_get_constraintdef(f.oid) not in (
          select pg_get_constraintdef(own.oid) from pg_catalog.pg_constraint own
          where own.conrelid = to_regclass($2) and own.contype = 'f' and own.convalidated
        )
      ) as found`,
      [nameOf(parent), nameOf(partition)],
    );
  }

  async readDefaultPartition(parent: RangeVar): Promise<RangeVar | undefined> {
    const { rows } = await this.#database.query<RangeVar>(
      `
      select n.nspname as schemaname, c.relname as relname
      from pg_catalog.pg_partitioned_table p
      join pg_catalog.pg_class c on c.oid = p.partdefid
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where p.partrelid = to_regclass($1)`,
      [nameOf(parent)],
    );
    return rows[0];
  }

  async conditionOfNewPartition(parent: RangeVar, bound: PartitionBoundSpec): Promise<string | null> {
    return conditionOfNewPartition({ database: this.#database, parser: this.#parser }, parent, bound);
  }

  async readPartitionPlace(parent: RangeVar, partition: RangeVar): Promise<PartitionPlace | null> {
    return readPartitionPlace(this.#database, parent, partition);
  }

  async findReferringTable(relation: RangeVar): Promise<string | undefined> {
    return findReferringTable(this.#database, relation);
  }

  async readPartitionTree(relation: RangeVar): Promise<readonly PartitionFacts[]> {
    return readPartitionTree(this.#database, nameOf(relation));
  }

  async readIndexTree(place: IndexPlace): Promise<readonly string[]> {
    return readIndexTree(this.#database, place);
  }

  async findEqualIndex(
    partition: string,
    onTable: (trial: RangeVar) => Node,
    isDropped: (index: string) => boolean,
  ): Promise<string | undefined> {
    const asked = { database: this.#database, parser: this.#parser };
    return findEqualIndex(asked, partition, onTable, isDropped);
  }

  async hasForeignKey(partition: string, key: Constraint): Promise<boolean> {
    return hasForeignKey(this.#database, partition, key);
  }

  async hasConstraint(table: string, name: string): Promise<boolean> {
    return hasConstraint(this.#database, table, name);
  }

  async findForeignKeys(dropped: DroppedParts): Promise<readonly ForeignKeyFacts[]> {
    return findForeignKeys(this.#database, dropped);
  }

  async findTableOfIndex(index: RangeVar): Promise<RangeVar | undefined> {
    const { rows } = await this.#database.query<RangeVar>(
      `
      select n.nspname as schemaname, c.relname as relname
      from pg_catalog.pg_index i
      join pg_catalog.pg_class c on c.oid = i.indrelid
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where i.indexrelid = to_regclass($1)`,
      [nameOf(index)],
    );
    return rows[0];
  }

  async findSequence(relation: RangeVar, column: string): Promise<RangeVar | undefined> {
    return findSequence(this.#database, relation, column);
  }

  async findTableWithType(type: readonly string[]): Promise<string | undefined> {
    const { rows } = await this.#database.query<{ table: string }>(
      `
      -- The type, its arrays, and the domains over them.
      with recursive used (oid) as (
        select to_regtype($1)::oid
        union
        select t.oid from used join pg_catalog.pg_type t on used.oid in (t.typbasetype, t.typelem)
      )
      select format('%I.%I', n.nspname, c.relname) as table
      from used
      join pg_catalog.pg_attribute a on a.atttypid = used.oid and not a.attisdropped
      join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'm')
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where pg_relation_size(c.oid) > 0
      order by 1 limit 1`,
      [type.map((name) => escapeIdentifier(name)).join('.')],
    );
    return rows[0]?.table;
  }

  async findTableOfType(type: readonly string[]): Promise<string | undefined> {
    const { rows } = await this.#database.query<{ table: string }>(
      `
      select format('%I.%I', n.nspname, c.relname) as table
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.reloftype = to_regtype($1)
      order by 1 limit 1`,
      [type.map((name) => escapeIdentifier(name)).join('.')],
    );
    return rows[0]?.table;
  }

  async hasKeyOfRows(view: RangeVar): Promise<boolean> {
    return this.#is(
      `
      select exists (
        select from pg_catalog.pg_index i
        where i.indrelid = to_regclass($1) and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
      ) as found`,
      [nameOf(view)],
    );
  }

  async estimateRows(statement: string): Promise<number | undefined> {
    return estimateRows(this.#database, statement);
  }

  async countRows(tree: Node, most: number): Promise<number> {
    const queries = writtenRowsOf(tree).flatMap((query) => writeStatement(this.#parser, query) ?? []);
    return countRows(this.#database, queries, most);
  }

  async hasSchema(names: readonly string[]): Promise<boolean> {
    return this.#is(`select exists (select from pg_catalog.pg_namespace where nspname = any ($1)) as found`, [
      names,
    ]);
  }

  async findDependents(kind: string, names: readonly string[]): Promise<readonly Dependent[] | null> {
    return findDependents(this.#database, kind, names);
  }

  async readIndexPart(name: string, table: string): Promise<DroppedPart | undefined> {
    return readIndexPart(this.#database, name, table);
  }

  async readConstraintPart(name: string, table: string): Promise<DroppedPart | undefined> {
    return readConstraintPart(this.#database, name, table);
  }

  async areSameChecks(checks: ComparedChecks): Promise<boolean> {
    return areSameChecks({ database: this.#database, parser: this.#parser }, checks);
  }

  async isRelation(oid: string, relation: RangeVar): Promise<boolean> {
    return this.#is(`select coalesce(to_regclass($1)::oid = $2::oid, false) as found`, [
      nameOf(relation),
      oid,
    ]);
  }

  async findFillProblem(planned: PlannedFill): Promise<FillProblem | undefined> {
    return findFillProblem({ database: this.#database, parser: this.#parser }, planned);
  }

  async setSearchPath(setting: Node): Promise<void> {
    const sql = writeStatement(this.#parser, setting);
    if (sql !== null) await this.#database.query(sql);
  }

  takeAssumptions(): readonly string[] {
    return [];
  }

  /** Ends the effects of `setSearchPath`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.query(`select set_config('search_path', $1, false)`, [this.#path]);
  }

  async #is(query: string, values: unknown[]): Promise<boolean> {
    const { rows } = await this.#database.query<{ found: boolean }>(query, values);
    return rows[0]?.found === true;
  }
}
