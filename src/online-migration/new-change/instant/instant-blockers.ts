import type { ChangedColumn } from '../../change/changed-column.ts';
import { namesOf } from '../../change/names.ts';
import { DEPENDENT_OBJECT } from '../../attachments/obstacles/dependent-obstacles.ts';
import { rowTypeObstacles } from '../../attachments/obstacles/row-obstacles.ts';
import { readColumnFacts, tableObstacles } from '../../attachments/obstacles/table-obstacles.ts';
import type { ObstacleCode } from '../../change/obstacle-codes.ts';
import { TREE_OIDS } from '../../postgres/partition-tree.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import type { ProbedIndex } from './type-change-probe.ts';

/** An index that a column is in. */
export interface ColumnIndex extends ProbedIndex {
  readonly name: string;
  /** Whether PostgreSQL builds it again for any change of the type. */
  readonly isAlwaysRebuilt: boolean;
}

/** Tables and columns whose type no statement can change on its own. */
const OF_TABLE: ReadonlySet<ObstacleCode> = new Set<ObstacleCode>([
  'NO_TABLE',
  'TABLE_IS_PARTITION',
  'COLUMN_INHERITED',
  'COLUMN_IN_PARTITION_KEY',
]);

/**
 * Finds the reasons for which `alter column … type` fails, or reads a table under the lock, although the rows stay as
 * they are stored. Indexes are not among them: see {@link readColumnIndexes}.
 *
 * @returns sentences without a full stop, which name the column's dependents
 */
export async function instantBlockers(database: Queryable, change: ChangedColumn): Promise<string[]> {
  const facts = await readColumnFacts(database, change);
  const ofTable = facts === undefined ? [] : tableObstacles(change, facts);
  return [
    ...ofTable.filter(({ code }) => OF_TABLE.has(code)).map(({ message }) => message.replace(/\.$/, '')),
    ...(await rowTypes(database, change)),
    ...(await dependents(database, change)),
  ];
}

/** PostgreSQL refuses the statement if rows of the table are stored elsewhere, even if it would not rewrite them. */
async function rowTypes(database: Queryable, change: ChangedColumn): Promise<string[]> {
  const obstacles = await rowTypeObstacles(database, change);
  return obstacles.map(({ code, details }) => {
    const { place, table, type } = details as Record<'place' | 'table' | 'type', string>;
    return code === 'TYPED_TABLE'
      ? `${table} has the columns of its type ${type}`
      : `${place} stores rows of the type ${type}`;
  });
}

async function dependents(database: Queryable, change: ChangedColumn): Promise<string[]> {
  const { rows } = await database.query<{ description: string; kind: string | null }>(
    `
    select distinct ${DEPENDENT_OBJECT} as description, con.contype as kind
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_depend d
      on d.refclassid = 'pg_class'::regclass and d.refobjid = a.attrelid and d.refobjsubid = a.attnum
    left join pg_catalog.pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid
    left join pg_catalog.pg_constraint con on d.classid = 'pg_constraint'::regclass and con.oid = d.objid
    left join pg_catalog.pg_attrdef def on d.classid = 'pg_attrdef'::regclass and def.oid = d.objid
    where a.attrelid in (${TREE_OIDS}) and a.attname = $2
      and d.classid <> 'pg_statistic_ext'::regclass
      and coalesce(c.relkind, ' ') not in ('i', 'I', 'S')
      and coalesce(con.contype, ' ') not in ('p', 'u', 'n', 'x')
      and (def.oid is null or def.adnum <> a.attnum)
      -- Up to PostgreSQL 14, a generated column depends as a part of the table itself.
      and (c.oid is null or c.oid <> a.attrelid or d.objsubid not in (0, a.attnum))
    order by 1`,
    [namesOf(change).table, change.oldColumn.name],
  );
  return rows.map(({ description, kind }) => {
    if (kind === 'c') return `PostgreSQL would check ${description} in every row`;
    if (kind === 'f') return `PostgreSQL would lock both tables of ${description}`;
    return `${description} depends on ${change.oldColumn.name}`;
  });
}

/** Reads the indexes of a table and of its partitions that a column is in, also in an expression or a condition. */
export async function readColumnIndexes(database: Queryable, change: ChangedColumn): Promise<ColumnIndex[]> {
  const { rows } = await database.query<ColumnIndex>(
    `
    select i.indexrelid::regclass::text as name, quote_ident(m.amname) as method,
      quote_ident(n.nspname) || '.' || quote_ident(o.opcname) as "operatorClass",
      i.indpred is not null or i.indexprs is not null or not i.indisvalid
        -- PostgreSQL attaches new indexes of the partitions to the new index of their table.
        or c.relkind = 'I' or c.relispartition as "isAlwaysRebuilt"
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_index i on i.indrelid = a.attrelid
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    join pg_catalog.pg_am m on m.oid = c.relam
    left join lateral (
      select k.place from unnest(i.indkey::int2[]) with ordinality as k (number, place)
      where k.number = a.attnum order by k.place limit 1
    ) as key on true
    left join pg_catalog.pg_opclass o on key.place <= i.indnkeyatts and o.oid = (i.indclass::oid[])[key.place - 1]
    left join pg_catalog.pg_namespace n on n.oid = o.opcnamespace
    where a.attrelid in (${TREE_OIDS}) and a.attname = $2
      and (
        key.place is not null
        or exists (
          select from pg_catalog.pg_depend d
          where d.classid = 'pg_class'::regclass and d.objid = i.indexrelid
            and d.refclassid = 'pg_class'::regclass and d.refobjid = a.attrelid and d.refobjsubid = a.attnum
        )
      )
    order by 1`,
    [namesOf(change).table, change.oldColumn.name],
  );
  return rows;
}
