import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import { type ChangedColumn, isRename } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { namesOf, PACKAGE_SCHEMA } from '../../change/names.ts';
import { ROW_TYPE_OIDS, TREE_OIDS } from '../../postgres/partition-tree.ts';

/** SQL of the arguments of the trigger `t`, as texts. */
const ARGUMENTS = `
      select convert_from(decode(argument, 'hex'), getdatabaseencoding()) as argument
      from regexp_split_to_table(regexp_replace(encode(t.tgargs, 'hex'), '(..)', '\\1 ', 'g'), '00 ') as hex
      cross join lateral replace(hex, ' ', '') as argument`;

interface FoundFunction {
  name: string;
  is_trigger: boolean;
  names_column: boolean;
  takes_whole_rows: boolean;
}

/** `new.*`, `(old).*`. */
const TRIGGER_ROW = String.raw`(?<![\w$])(new|old)\s*\)?\s*\.\s*\*`;
/** `new.* is distinct from old.*` and `to_jsonb(new.*)`, which work with any number of columns. */
const ROW_AS_A_WHOLE =
  String.raw`(?<![\w$])((new|old)\.\*\)?\s*(is\s+(not\s+)?distinct\s+from|=|<>|!=)\s*(row\s*)?\(?(new|old)\.\*|` +
  String.raw`(to_jsonb?|row_to_json|hstore)\s*\(\s*(new|old)\.\*)`;
/** `select *`, `p.*`. */
const ALL_COLUMNS = String.raw`((?<![\w$])select\s+((all|distinct)\s+)?\*|[\w"\)]\s*\.\s*\*)`;
const INSERT_OF_ALL_COLUMNS = String.raw`(?<![\w$])insert\s+into\s[^;]*${ALL_COLUMNS}`;

/**
 * Finds functions whose bodies name the column or use whole rows of the table, an obstacle each. PostgreSQL stores a
 * body as text and records no dependencies. Three kinds are left out: bodies in the SQL standard's form, which depend
 * on the column as a view does; functions of extensions; and functions in `change.reviewed`.
 *
 * @param column the column that is dropped, as in the catalog
 */
export async function bodyObstacles(
  database: Queryable,
  change: ChangedColumn,
  column: string,
): Promise<Obstacle[]> {
  const { rows } = await database.query<FoundFunction>(
    `
    with tree as materialized (
      select c.oid, lower(c.relname) as name from pg_catalog.pg_class c where c.oid in (${TREE_OIDS})
    ),
    -- Materialized: otherwise the patterns may be tried on PostgreSQL's own thousands of functions first.
    function as materialized (
      select p.oid, p.pronamespace, p.proname, p.proargtypes,
        p.prosrc as body,
        lower(p.prosrc) as lower_body,
        p.oid = any (array(
          select t.tgfoid from pg_catalog.pg_trigger t join tree on tree.oid = t.tgrelid where not t.tgisinternal
        )) as is_trigger,
        array[p.prorettype] || p.proargtypes::oid[] || p.proallargtypes && array(${ROW_TYPE_OIDS}) as has_row_type,
        coalesce(p.proargmodes && array['o', 't']::"char"[], false)
          or p.prorettype = 'record'::regtype
          or returned.typtype = 'c' and p.prorettype not in (${ROW_TYPE_OIDS}) as returns_columns
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      join pg_catalog.pg_language l on l.oid = p.prolang
      join pg_catalog.pg_type returned on returned.oid = p.prorettype
      where n.nspname not in ('pg_catalog', 'information_schema', $3) and l.lanname not in ('internal', 'c')
        and not exists (
          select from pg_catalog.pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
        )
    ), using_table as materialized (
      select *,
        body ~* $2 or exists (
          -- There can be too many partitions for a pattern.
          select from tree where tree.oid <> to_regclass($1) and strpos(lower_body, tree.name) > 0
        ) as names_table
      from function
    ), judged as materialized (
      select *,
        body ~* $4 and (is_trigger or has_row_type or names_table) as names_column,
        is_trigger and regexp_replace(body, $9, '', 'gi') ~* $5 or (is_trigger or names_table) and body ~* $6
          or names_table and returns_columns and body ~* $7 as takes_whole_rows
      from using_table
    ), named as (
      select names_column, takes_whole_rows, is_trigger,
        format('%I.%I(%s)', n.nspname, f.proname, (
          select string_agg(
            case when tn.nspname = 'pg_catalog' then format_type(t.oid, null) else format('%I.%I', tn.nspname, t.typname) end,
            ', ' order by argument.place
          )
          from unnest(f.proargtypes::oid[]) with ordinality as argument (type, place)
          join pg_catalog.pg_type t on t.oid = argument.type
          join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
        )) as name
      from judged f
      join pg_catalog.pg_namespace n on n.oid = f.pronamespace
      where names_column or takes_whole_rows
    )
    select * from named where name <> all ($8) order by name`,
    [
      namesOf(change).table,
      await asUsed(database, change.table.name),
      PACKAGE_SCHEMA,
      await asUsed(database, column),
      TRIGGER_ROW,
      INSERT_OF_ALL_COLUMNS,
      ALL_COLUMNS,
      change.reviewed ?? [],
      ROW_AS_A_WHOLE,
    ],
  );
  // A rename adds no column, and keeps the places of all.
  const found = isRename(change)
    ? rows
        .filter(({ names_column: namesColumn }) => namesColumn)
        .map((row) => ({ ...row, takes_whole_rows: false }))
    : rows;
  return [
    ...found.flatMap((one) => describe(change, column, one)),
    ...(await argumentObstacles(database, change, column)),
  ];
}

/** Finds triggers that have the column's name as an argument, as for `tsvector_update_trigger` and `moddatetime`. */
async function argumentObstacles(
  database: Queryable,
  change: ChangedColumn,
  column: string,
): Promise<Obstacle[]> {
  const { rows } = await database.query<Record<'trigger' | 'owner' | 'reviewed', string>>(
    `
    select quote_ident(t.tgname) as trigger, t.tgrelid::regclass::text as owner, 'trigger ' || t.tgname as reviewed
    from pg_catalog.pg_trigger t
    where t.tgrelid in (${TREE_OIDS}) and not t.tgisinternal and t.tgparentid = 0 and t.tgnargs > 0
      and exists (select from (${ARGUMENTS}) as given where argument ~* $2)
      and 'trigger ' || t.tgname <> all ($3)
    order by 2, 1`,
    [namesOf(change).table, asWord(column), change.reviewed ?? []],
  );
  return rows.map(({ trigger, owner, reviewed }) =>
    obstacle(
      'TRIGGER_ARGUMENT',
      `The trigger ${trigger} of ${owner} has ${column} among its arguments: ${failsFrom(change)}, writes ` +
        `fail or work with a wrong value. Let it call a function that works with either column; or, if this one does, add ` +
        `'${reviewed}' to \`reviewed\`.`,
      { trigger, table: owner, column, reviewed },
    ),
  );
}

/** The phases from which on the name leads to no column, or to another one. */
function failsFrom(change: ChangedColumn): string {
  if (isRename(change)) return 'from rename on';
  return change.renameInContract ? 'from contract on' : 'from contract on, and again from rename on';
}

function describe(change: ChangedColumn, column: string, found: FoundFunction): Obstacle[] {
  const { table } = change;
  const { name, is_trigger: isTrigger, names_column: namesColumn, takes_whole_rows: takesWholeRows } = found;
  const what = isTrigger
    ? `The trigger function ${name} of ${table.name}`
    : `The function ${name}, which uses ${table.name},`;
  const uses = isTrigger ? 'writes' : 'its calls';
  const review = `then add '${name}' to \`reviewed\``;
  return [
    ...(namesColumn
      ? [
          obstacle(
            'FUNCTION_NAMES_COLUMN',
            `${what} names ${column}: ${failsFrom(change)}, ${uses} fail or work with a wrong value. ` +
              `Let it work with either column, ${review}.`,
            { function: name, table: table.name, column, reviewed: name },
          ),
        ]
      : []),
    ...(takesWholeRows
      ? [
          obstacle(
            'FUNCTION_TAKES_WHOLE_ROWS',
            `${what} takes all columns of a row (\`${isTrigger ? 'new.*' : 'select *'}\`): from expand on there is one more, and ${uses} ` +
              `fail or put a value into a wrong column. Let it list the columns, ${review}.`,
            { function: name, table: table.name, reviewed: name },
          ),
        ]
      : []),
  ];
}

/** A pattern of a name as a word, quoted or not. */
function asWord(name: string): string {
  return String.raw`(?<![\w$])${escaped(name)}`;
}

/**
 * A pattern of a name as SQL uses it. A name that must be quoted, such as `order`, counts only in quotes or after a
 * dot, because `order by` does not use it.
 */
async function asUsed(database: Queryable, name: string): Promise<string> {
  const { rows } = await database.query<{ is_quoted: boolean }>(
    `select quote_ident($1::text) <> $1::text as is_quoted`,
    [name],
  );
  return rows[0]!.is_quoted ? String.raw`["'.]\s*${escaped(name)}` : asWord(name);
}

function escaped(name: string): string {
  const written = name.replaceAll('"', '""').replaceAll(/[^\p{L}\p{N}_ ]/gu, String.raw`\$&`);
  return String.raw`${written}(?![\w$])`;
}
