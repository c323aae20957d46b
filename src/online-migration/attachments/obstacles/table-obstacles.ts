import { type ChangedColumn, keyColumnsOf } from '../../change/changed-column.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { isOfType, typeValues } from '../../change/declared-type.ts';
import { changeNamesOf, namesOf, PACKAGE_SCHEMA } from '../../change/names.ts';

/** Facts about the table and its old column from the catalog. */
export interface ColumnFacts {
  kind: string;
  is_partition: boolean;
  is_inherited: boolean;
  has_heirs: boolean;
  is_in_partition_key: boolean;
  type: string;
  is_declared_type: boolean;
  not_null: boolean;
  /** How the column is generated; null if it is a plain one. */
  generated: { readonly isStored: boolean; readonly expression: string } | null;
  has_own_collation: boolean;
  missing_key_columns: string[];
  key_is_unique: boolean;
  key_may_be_unreadable: boolean;
  new_name_is_taken: boolean;
}

/** Finds contradictions between the table, its columns and the declaration, an obstacle each. */
export function tableObstacles(change: ChangedColumn, facts: ColumnFacts): Obstacle[] {
  const { oldColumn, newColumn, nullable = false } = change;
  const { table } = namesOf(change);
  const name = `${change.table.schema}.${change.table.name}`;
  const column = oldColumn.name;
  const key = keyColumnsOf(change);
  const { missing_key_columns: missing } = facts;
  const checks: [boolean, Obstacle][] = [
    [!['r', 'p'].includes(facts.kind), obstacle('NO_TABLE', `${name} is not a table.`, { table })],
    [
      facts.is_partition,
      obstacle('TABLE_IS_PARTITION', `${name} is a partition: change the table that it is a partition of.`, {
        table,
      }),
    ],
    [
      facts.is_inherited,
      obstacle(
        'COLUMN_INHERITED',
        `${name} inherits ${column} from another table, and a column of its own cannot take its place.`,
        { table, column },
      ),
    ],
    [
      facts.has_heirs,
      obstacle(
        'TABLE_HAS_HEIRS',
        `Other tables inherit from ${name}, and its triggers do not fire for them.`,
        { table },
      ),
    ],
    [
      facts.is_in_partition_key,
      obstacle('COLUMN_IN_PARTITION_KEY', `${column} is in the partition key.`, { table, column }),
    ],
    [
      !facts.is_declared_type,
      obstacle(
        'COLUMN_TYPE_NOT_AS_DECLARED',
        `${column} is ${facts.type}, and the declaration says ${oldColumn.type}: correct \`from.type\`.`,
        { table, column, declared: oldColumn.type, found: facts.type },
      ),
    ],
    ...(facts.generated === null
      ? []
      : [[true, columnGenerated(change, facts.generated)] satisfies [boolean, Obstacle]]),
    [
      facts.has_own_collation,
      obstacle('COLUMN_COLLATION', `${column} has a collation of its own, which a way back would lose.`, {
        table,
        column,
      }),
    ],
    [
      facts.not_null === nullable,
      obstacle(
        'NULLABLE_NOT_AS_DECLARED',
        facts.not_null
          ? `${column} is NOT NULL, and the declaration says \`nullable\`: take that out.`
          : `${column} may be null: declare \`nullable: true\`, or set it NOT NULL first.`,
        { table, column, declared: nullable, found: !facts.not_null },
      ),
    ],
    [
      facts.new_name_is_taken,
      obstacle(
        'NEW_COLUMN_EXISTS',
        `${name} has a column ${newColumn.name} already, which is not from this change: declare another \`to.name\`. If it is from this ` +
          `change, the record was lost with the schema ${PACKAGE_SCHEMA}: restore that schema from a backup. Without one, copy ` +
          `the values that only ${newColumn.name} has to ${oldColumn.name}, drop ${newColumn.name} and start again.`,
        {
          table,
          column: newColumn.name,
        },
      ),
    ],
    [missing.length > 0, keyColumnNotFound(change, missing)],
    [
      missing.length === 0 && key.length > 0 && !facts.key_is_unique,
      obstacle(
        'KEY_NOT_UNIQUE',
        `Nothing says that ${key.join(', ')} is unique and never null: declare the columns of a primary key, or \`key: []\`.`,
        { table, columns: key },
      ),
    ],
    [
      facts.key_may_be_unreadable,
      obstacle(
        'KEY_MAY_BE_UNREADABLE',
        `The database's encoding is SQL_ASCII, so a text of ${key.join(', ')} may be no UTF-8 and could not be read: declare ` +
          `a key of another type, or \`key: []\`.`,
        { table, columns: key },
      ),
    ],
  ];
  return checks.filter(([holds]) => holds).map(([, found]) => found);
}

/** A generated column has no values of its own to convert. */
function columnGenerated(
  change: ChangedColumn,
  { isStored, expression }: NonNullable<ColumnFacts['generated']>,
): Obstacle {
  const { table, oldColumn } = namesOf(change);
  const { name } = change.oldColumn;
  const statement = isStored
    ? `alter table ${table} alter column ${oldColumn} drop expression`
    : `alter table ${table} alter column ${oldColumn} type ${change.newColumn.type}`;
  const remedy = isStored
    ? `Make it a plain column, which rewrites nothing and keeps its values, \`${statement}\`, and in the same transaction create a ` +
      `trigger that fills it. Only \`drop column\` and \`add column\` make it generated again, which rewrites the table under ACCESS EXCLUSIVE.`
    : `It stores no values, so \`${statement}\` changes its type at once and rewrites nothing.`;
  return obstacle(
    'COLUMN_GENERATED',
    `${name} is generated from other columns, as ${expression}. ${remedy}`,
    { table, column: name, expression, statement },
  );
}

/** The obstacle of a declared key that names columns which the table does not have. */
export function keyColumnNotFound(change: ColumnChange, columns: readonly string[]): Obstacle {
  const { schema, name } = change.table;
  return obstacle(
    'KEY_COLUMN_NOT_FOUND',
    `${schema}.${name} has no column ${columns.join(', ')}: correct \`key\`.`,
    {
      table: changeNamesOf(change).table,
      columns,
    },
  );
}

/** Reads the input of {@link tableObstacles}; undefined if the table does not have the column. */
export async function readColumnFacts(
  database: Queryable,
  change: ChangedColumn,
): Promise<ColumnFacts | undefined> {
  const { rows } = await database.query<ColumnFacts>(
    `
    select c.relkind as kind, c.relispartition as is_partition, a.attinhcount > 0 and not c.relispartition as is_inherited,
      c.relkind = 'r' and exists (select from pg_catalog.pg_inherits i where i.inhparent = c.oid) as has_heirs,
      exists (
        -- This includes a partition that is partitioned itself. A column in a partition key, plain or in an
        -- expression, belongs to its table.
        select from pg_catalog.pg_attribute k
        join pg_catalog.pg_depend d on d.classid = 'pg_class'::regclass and d.objid = k.attrelid and d.objsubid = k.attnum
        where k.attname = a.attname and (k.attrelid = c.oid or k.attrelid in (select relid from pg_partition_tree(c.oid)))
          and d.refclassid = 'pg_class'::regclass and d.refobjid = k.attrelid and d.refobjsubid = 0 and d.deptype = 'i'
      ) as is_in_partition_key,
      format_type(a.atttypid, a.atttypmod) as type,
      ${isOfType('a', '$3', '$4')} as is_declared_type,
      a.attnotnull as not_null,
      (
        select jsonb_build_object('isStored', a.attgenerated = 's', 'expression', pg_get_expr(x.adbin, x.adrelid))
        from pg_catalog.pg_attrdef x
        where x.adrelid = a.attrelid and x.adnum = a.attnum and a.attgenerated <> ''
      ) as generated,
      a.attcollation <> t.typcollation as has_own_collation,
      array(
        select name from unnest($5::text[]) as name
        where not exists (
          select from pg_catalog.pg_attribute k where k.attrelid = c.oid and k.attname = name and not k.attisdropped
        )
      ) as missing_key_columns,
      exists (
        select from pg_catalog.pg_index i
        where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
          and (
            select bool_and(k.attnotnull) and array_agg(k.attname::text) <@ $5::text[]
            from pg_catalog.pg_attribute k
            where k.attrelid = c.oid and k.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1])
          )
      ) as key_is_unique,
      current_setting('server_encoding') = 'SQL_ASCII' and exists (
        select from pg_catalog.pg_attribute k
        where k.attrelid = c.oid and k.attname = any ($5::text[]) and k.attcollation <> 0
      ) as key_may_be_unreadable,
      exists (
        select from pg_catalog.pg_attribute n where n.attrelid = c.oid and n.attname = $6 and not n.attisdropped
      ) as new_name_is_taken
    from pg_catalog.pg_class c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = $2 and not a.attisdropped
    join pg_catalog.pg_type t on t.oid = a.atttypid
    where c.oid = to_regclass($1)`,
    [
      namesOf(change).table,
      change.oldColumn.name,
      ...typeValues(change.oldColumn.type),
      keyColumnsOf(change),
      change.newColumn.name,
    ],
  );
  return rows[0];
}
