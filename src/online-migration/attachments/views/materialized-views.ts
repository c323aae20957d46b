import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Queryable } from '../../postgres/queryable.ts';
import { rolledBack } from '../../postgres/rolled-back.ts';
import { mirrorName, type TableColumns } from '../table-column.ts';
import { replaceRelations } from '../qualified-names.ts';
import { COPY_COMMENT } from './view-set.ts';
import type { CarriedView } from './views.ts';

/*
 * A materialized view stores rows, so it is not made anew under the table's lock. A copy of it is created for the other
 * column, without rows and under another name. It is filled beside reads and writes. Then it replaces the original.
 */

/** An index of a materialized view. */
interface StoredIndex {
  /** Its name, unquoted. */
  readonly name: string;
  /** The statement that creates it, as in the catalog. */
  readonly definition: string;
  readonly tablespace: string | null;
  readonly isClustered: boolean;
  readonly comment: string | null;
}

/** A materialized view with the facts for its copy. */
export interface StoredView {
  readonly view: CarriedView;
  /** Its schema, quoted. */
  readonly schema: string;
  /** Its owner, quoted. */
  readonly owner: string;
  /** The beginning of the statement that creates it, behind its name: `using heap with (…) tablespace …`. */
  readonly storage: string;
  /** Its query. */
  readonly query: string;
  /** `alter materialized view` statements for its columns, with %s for the view. */
  readonly columnStatements: readonly string[];
  /** Whether it has been filled. */
  readonly isFilled: boolean;
  readonly indexes: readonly StoredIndex[];
  /** The copy, if it exists: the oid of the original at the time, and the names of its indexes. */
  readonly copy: {
    readonly of: string;
    readonly isFilled: boolean;
    readonly indexes: readonly string[];
  } | null;
  /** The name of the copy: schema and name, quoted. */
  readonly copyName: string;
  /** Whether another relation has the name of the copy. */
  readonly isNameTaken: boolean;
}

/** The name of the index is the middle of it. */
const INDEX_DEFINITION = /^(CREATE (?:UNIQUE )?INDEX) (?:"(?:[^"]|"")*"|\S+) (ON .*)$/s;

/** SQL of the names of the indexes of a relation. */
const INDEX_NAMES = (relation: string) => `(
          select coalesce(jsonb_agg(x.relname order by x.relname), '[]')
          from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid
          where i.indrelid = ${relation}
        )`;

/** Reads the materialized views among some views. */
export async function readStoredViews(
  database: Queryable,
  views: readonly CarriedView[],
): Promise<StoredView[]> {
  const stored = views.filter(({ kind }) => kind === 'materialized view');
  if (stored.length === 0) return [];
  const rows = await rolledBack(database, async () => {
    // With this search_path, every name in a definition has its schema.
    await database.query('set local search_path = pg_catalog');
    const result = await database.query<Omit<StoredView, 'view' | 'query'> & { oid: string }>(
      `
      select m.oid::text as oid, quote_ident(n.nspname) as schema,
        quote_ident(pg_get_userbyid(m.relowner)) as owner, m.relispopulated as "isFilled",
        format('%I.%I', n.nspname, wanted.copy_name) as "copyName",
        format('using %I', am.amname)
          || coalesce(' with (' || nullif(array_to_string(m.reloptions || array(
            select 'toast.' || option from unnest(toast.reloptions) as option
          ), ', '), '') || ')', '')
          || coalesce(' tablespace ' || quote_ident(space.spcname), '') as storage,
        array(
          select format('alter materialized view %%s alter column %I %s', a.attname, property.value)
          from pg_catalog.pg_attribute a
          cross join lateral (
            values ('set statistics ' || nullif(a.attstattarget, -1)), ('set (' || array_to_string(a.attoptions, ', ') || ')')
          ) as property (value)
          where a.attrelid = m.oid and a.attnum > 0 and property.value is not null
          order by a.attnum
        ) as "columnStatements",
        (
          select coalesce(jsonb_agg(jsonb_build_object(
            'name', x.relname, 'definition', pg_get_indexdef(x.oid), 'tablespace', s.spcname,
            'isClustered', i.indisclustered, 'comment', obj_description(x.oid, 'pg_class')
          ) order by x.relname), '[]')
          from pg_catalog.pg_index i
          join pg_catalog.pg_class x on x.oid = i.indexrelid
          left join pg_catalog.pg_tablespace s on s.oid = x.reltablespace
          where i.indrelid = m.oid
        ) as indexes,
        case
          when starts_with(obj_description(copy.oid, 'pg_class'), $3) then jsonb_build_object(
            'of', substr(obj_description(copy.oid, 'pg_class'), length($3) + 1), 'isFilled', copy.relispopulated,
            'indexes', ${INDEX_NAMES('copy.oid')}
          )
        end as copy,
        copy.oid is not null and not starts_with(coalesce(obj_description(copy.oid, 'pg_class'), ''), $3) as "isNameTaken"
      from unnest($1::oid[], $2::text[]) as wanted (oid, copy_name)
      join pg_catalog.pg_class m on m.oid = wanted.oid
      join pg_catalog.pg_namespace n on n.oid = m.relnamespace
      join pg_catalog.pg_am am on am.oid = m.relam
      left join pg_catalog.pg_class toast on toast.oid = m.reltoastrelid
      left join pg_catalog.pg_tablespace space on space.oid = m.reltablespace
      left join pg_catalog.pg_class copy on copy.relnamespace = m.relnamespace and copy.relname = wanted.copy_name`,
      [
        stored.map(({ oid }) => oid),
        stored.map(({ relationName }) => mirrorName(relationName)),
        COPY_COMMENT,
      ],
    );
    return result.rows;
  });
  return stored.flatMap((view) => {
    const row = rows.find(({ oid }) => oid === view.oid);
    return row === undefined ? [] : [{ ...row, view, query: queryOf(view) }];
  });
}

/** The query in the statement that creates a materialized view as a plain one. */
function queryOf({ name, definition }: CarriedView): string {
  return definition[0]!.slice(`create view ${name} as `.length);
}

/** Statements that create the copy, without rows. They run while the other column has the first one's name. */
export function copyStatements({ view, owner, storage, query, copyName }: StoredView): string[] {
  return [
    `create materialized view ${copyName} ${storage} as ${query} with no data`,
    `comment on materialized view ${copyName} is '${COPY_COMMENT}${view.oid}'`,
    // PostgreSQL fills it with the rights of its owner, and with the rows that the owner's policies show.
    `alter materialized view ${copyName} owner to ${owner}`,
  ];
}

/** Statements that create the indexes of the copy, which has no rows yet, and set the properties of its columns. */
export function copyIndexStatements({
  view,
  schema,
  columnStatements,
  indexes,
  copyName,
}: StoredView): string[] {
  return [
    ...columnStatements.map((statement) => statement.replace('%s', () => copyName)),
    ...indexes.flatMap((index) => {
      const name = escapeIdentifier(mirrorName(index.name));
      return [
        indexStatement(index, view.name, { name, relation: copyName }),
        ...(index.tablespace === null
          ? []
          : [`alter index ${schema}.${name} set tablespace ${escapeIdentifier(index.tablespace)}`]),
        ...(index.isClustered ? [`alter materialized view ${copyName} cluster on ${name}`] : []),
      ];
    }),
  ];
}

/** Statements that give the copy the names and comments of the original, which has been dropped. */
export function copyTakesPlace({ view, schema, indexes, copyName }: StoredView): string[] {
  return [
    `comment on materialized view ${copyName} is null`,
    `alter materialized view ${copyName} rename to ${escapeIdentifier(view.relationName)}`,
    ...indexes.flatMap(({ name, comment }) => {
      const quoted = `${schema}.${escapeIdentifier(name)}`;
      return [
        `alter index ${schema}.${escapeIdentifier(mirrorName(name))} rename to ${escapeIdentifier(name)}`,
        ...(comment === null ? [] : [`comment on index ${quoted} is ${escapeLiteral(comment)}`]),
      ];
    }),
  ];
}

/** The statement that creates an index of a materialized view on another relation. */
export function indexStatement(
  { definition }: StoredIndex,
  view: string,
  to: { readonly name: string; readonly relation: string },
): string {
  const [, start, rest] = INDEX_DEFINITION.exec(definition)!;
  return `${start} ${to.name} ${replaceRelations(rest!, [[view, to.relation]])}`;
}

/** Names of materialized views, and of their indexes, without a copy. They were created after the copies. */
export function withoutCopy(views: readonly StoredView[]): string[] {
  return views.flatMap(({ view, indexes, copy }) => {
    if (copy?.of !== view.oid) return [view.name];
    return indexes.map(({ name }) => name).filter((name) => !copy.indexes.includes(mirrorName(name)));
  });
}

/** Copies that use one of the columns, left by an interrupted run: schema and name, quoted. */
export async function findCopies(database: Queryable, { table, columns }: TableColumns): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `
    select distinct format('%I.%I', n.nspname, c.relname) as name
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_depend d
      on d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass
        and d.refobjid = a.attrelid and d.refobjsubid = a.attnum
    join pg_catalog.pg_rewrite r on r.oid = d.objid
    join pg_catalog.pg_class c on c.oid = r.ev_class and c.relkind = 'm'
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where a.attrelid = to_regclass($1) and a.attname = any ($2) and starts_with(obj_description(c.oid, 'pg_class'), $3)
    order by 1`,
    [table, columns, COPY_COMMENT],
  );
  return rows.map(({ name }) => name);
}
