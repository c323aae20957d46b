import type { DropSchemaOptions, MikroORM, UpdateSchemaOptions } from '@mikro-orm/core';
import {
  DatabaseSchema,
  SchemaComparator,
  type SchemaDifference,
  SchemaGenerator,
} from '@mikro-orm/postgresql';
import { QUEUE_SCHEMA, PACKAGE_SCHEMA } from '../../change/names.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { readRecordedChanges } from '../../state/recorded-changes.ts';
import { forgetProgress } from '../../ordinary/progress.ts';
import {
  type ChangeUnderWay,
  queryableOf,
  readChangesToCome,
  readChangesUnderWay,
} from './changes-under-way.ts';
import { copyOf, leaveChangesOut } from './schema-comparison.ts';

type ComparisonOptions = UpdateSchemaOptions<DatabaseSchema>;

/** Two schemas: of the database or a snapshot file, and of the entities. */
export interface ComparedSchemas {
  readonly from: DatabaseSchema;
  readonly to: DatabaseSchema;
}

/** MikroORM's comparison of two schemas. */
export interface SchemaComparison {
  /**
   * Compares, without MikroORM's guesses which columns are renamed: they are a dropped column and an added one.
   * @param inverse the difference in the other direction
   */
  compare(schemas: ComparedSchemas, inverse?: SchemaDifference): SchemaDifference;
  readonly sqlOf: (difference: SchemaDifference) => string;
  /** Another copy of the schema of the entities. */
  readonly readEntities: () => DatabaseSchema;
  /** Whether the migration drops tables that no entity has. */
  readonly dropsTables: boolean;
  /** A copy of the schema that the entities are compared with, before changes under way were left out. */
  readonly found: DatabaseSchema;
  /** Whether that schema is a snapshot file's. */
  readonly isSnapshot: boolean;
  /** The changes that were left out. */
  readonly underWay: readonly ChangeUnderWay[];
}

/** Decides the statements of a new migration. It may alter the schemas. */
export type DecideStatements = (
  schemas: ComparedSchemas,
  comparison: SchemaComparison,
) => Promise<{ up: string; down: string }>;

/** Lists the changes that migrations of the project carry out. */
type DeclaredChanges = () => Promise<readonly ColumnChange[]>;

/**
 * MikroORM's schema generator for a table in use. `migration:create`, `migration:check` and `schema:update` leave out
 * the objects of a column change under way, and the column of a change that has not begun. Otherwise they would drop
 * triggers and a column with values, or rewrite the table. When the last table with a change is dropped, the package's own
 * state is dropped with it.
 */
export class OnlineSchemaGenerator extends SchemaGenerator {
  #leftOut: readonly string[] = [];
  #declared: DeclaredChanges = async () => [];
  #decide: DecideStatements | undefined;

  /**
   * Replaces MikroORM's own; call it when the ORM registers its extensions.
   * @param declared lists the changes that migrations carry out
   */
  static override register(orm: MikroORM, declared?: DeclaredChanges): void {
    const options = orm.config.get('schemaGenerator');
    orm.config.set('schemaGenerator', {
      ...options,
      // The package's own tables are not entities.
      ignoreSchema: [...new Set([...(options.ignoreSchema ?? []), PACKAGE_SCHEMA, QUEUE_SCHEMA])],
    });
    // A project's own generator may extend this one.
    orm.config.registerExtension('@mikro-orm/schema-generator', () => {
      const generator = new this(orm.em as never);
      if (declared !== undefined) generator.#declared = declared;
      return generator;
    });
  }

  /** The columns left out of the last comparison: `public.orders (total, total_new)`. */
  get leftOut(): readonly string[] {
    return this.#leftOut;
  }

  override async getUpdateSchemaSQL(options: ComparisonOptions = {}): Promise<string> {
    return super.getUpdateSchemaSQL((await this.#withoutChanges(options)).options);
  }

  override async getUpdateSchemaMigrationSQL(
    options: ComparisonOptions = {},
  ): Promise<{ up: string; down: string }> {
    const { options: compared, ...compare } = await this.#withoutChanges(options);
    if (this.#decide === undefined) return super.getUpdateSchemaMigrationSQL(compared);
    const to = this.#entities(compared);
    return this.#decide({ from: compared.fromSchema!, to }, { ...this.#comparison(compared), ...compare });
  }

  /** Lets a function decide the statements of the next migration, until it is called without one. */
  decideBy(decide: DecideStatements | undefined): void {
    this.#decide = decide;
  }

  /** The schema of the entities, and that of the database, as MikroORM compares them. */
  #entities({ fromSchema, schema, includeWildcardSchema = false }: ComparisonOptions): DatabaseSchema {
    const to = this.getTargetSchema(schema, includeWildcardSchema);
    const anySchema = includeWildcardSchema
      ? []
      : [...this.metadata.getAll().values()]
          .filter((meta) => meta.schema === '*')
          .map((meta) => meta.tableName);
    fromSchema?.prune(schema, anySchema);
    to.prune(schema, anySchema);
    return to;
  }

  #comparison({
    safe = false,
    dropTables = true,
    ...compared
  }: ComparisonOptions): Omit<SchemaComparison, 'found' | 'isSnapshot' | 'underWay'> {
    const options: ComparisonOptions = { ...compared };
    delete options.fromSchema;
    const comparator = new SchemaComparator(this.platform);
    return {
      compare: ({ from, to }, inverse) => withoutGuesses(comparator.compare(from, to, inverse)),
      sqlOf: (difference) => this.diffToSQL(difference, { ...options, safe, dropTables }),
      readEntities: () => this.#entities(options),
      dropsTables: dropTables && !safe,
    };
  }

  /** Leaves the changes under way out of a schema for a snapshot file. */
  async leaveChangesOut(found: DatabaseSchema): Promise<void> {
    leaveChangesOut(found, this.getTargetSchema(), await this.#readAllChanges());
  }

  override async drop(options: DropSchemaOptions = {}): Promise<void> {
    await super.drop(options);
    if (options.dropDb) return;
    const database = queryableOf(this.connection);
    // Without the ledger, each migration begins at its first step.
    if (options.dropMigrationsTable) await forgetProgress(database);
    const changes = await readRecordedChanges(database);
    const { rows } = await database.query<{ remain: boolean }>(
      `
      select exists (
        select from jsonb_to_recordset($1) as change (schema text, "table" text)
        where to_regclass(format('%I.%I', schema, "table")) is not null
      ) as remain`,
      [JSON.stringify(changes)],
    );
    // The records of a table that remains have the way back of its change.
    if (changes.length === 0 || rows[0]?.remain) return;
    await this.execute(
      `drop schema if exists ${PACKAGE_SCHEMA} cascade; drop schema if exists ${QUEUE_SCHEMA} cascade`,
    );
  }

  /** The options with a schema to compare the entities with, in place of the database or a snapshot file. */
  async #withoutChanges(
    options: ComparisonOptions,
  ): Promise<
    { readonly options: ComparisonOptions } & Pick<SchemaComparison, 'found' | 'isSnapshot' | 'underWay'>
  > {
    const target = this.getTargetSchema(options.schema, options.includeWildcardSchema);
    const { fromSchema } = options;
    if (fromSchema === undefined) await this.ensureDatabase();
    const before = await this.#readChanges(fromSchema);
    const found = fromSchema ?? (await this.#readSchema(target, options.schema));
    // A phase may have been committed in between.
    const after = await this.#readChanges(fromSchema);
    const underWay = [...before, ...after];
    const copy = copyOf(found, this.platform);
    this.#leftOut = leaveChangesOut(found, target, underWay);
    return {
      options: { ...options, fromSchema: found },
      found: copy,
      isSnapshot: fromSchema !== undefined,
      underWay,
    };
  }

  async #readChanges(snapshot: DatabaseSchema | undefined) {
    try {
      return await this.#readAllChanges();
    } catch (error) {
      // With a snapshot file, MikroORM needs no database to compare.
      if (snapshot !== undefined) return [];
      throw error;
    }
  }

  async #readAllChanges() {
    const declared = await this.#declared();
    return [
      ...(await readChangesUnderWay(this.connection)),
      ...(await readChangesToCome(this.connection, declared)),
    ];
  }

  /** The same as MikroORM does without a schema. */
  async #readSchema(target: DatabaseSchema, schema: string | undefined): Promise<DatabaseSchema> {
    const namespaces = target.getNamespaces();
    const { skipTables, skipViews } = this.options;
    const { connection, platform, config } = this;
    const found = await DatabaseSchema.create(
      connection,
      platform,
      config,
      schema,
      namespaces,
      undefined,
      skipTables,
      skipViews,
    );
    await found.loadRoutines(connection, platform, namespaces);
    return found;
  }
}

/** MikroORM takes a dropped column and an added one of the same type for a renamed one. */
function withoutGuesses(difference: SchemaDifference): SchemaDifference {
  for (const table of Object.values(difference.changedTables)) {
    for (const [name, added] of Object.entries(table.renamedColumns)) {
      table.removedColumns[name] = table.fromTable.getColumn(name)!;
      table.addedColumns[added.name] = added;
    }
    table.renamedColumns = {};
  }
  return difference;
}
