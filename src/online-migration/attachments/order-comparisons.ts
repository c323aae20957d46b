import { changedColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Side } from '../sync/filled-column.ts';

/** An attachment whose parsed form the catalog has. */
export interface ParsedAttachment {
  readonly kind: 'index' | 'check' | 'policy';
  readonly name: string;
}

/** SQL of the parsed form of an attachment by its name, `$2`, on the table `$1`. */
const TREES: Readonly<Record<ParsedAttachment['kind'], string>> = {
  index: `
    select concat(i.indexprs::text, i.indpred::text) as tree
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    where i.indrelid = to_regclass($1) and c.relname = $2`,
  check: `
    select con.conbin::text as tree
    from pg_catalog.pg_constraint con
    where con.conrelid = to_regclass($1) and con.contype = 'c' and con.conname = $2`,
  policy: `
    select concat(p.polqual::text, p.polwithcheck::text) as tree
    from pg_catalog.pg_policy p
    where p.polrelid = to_regclass($1) and p.polname = $2`,
};

/** Conversions between two types of a group keep the order of all values. */
const SAME_ORDER: readonly (readonly string[])[] = [
  ['timestamp', 'timestamptz', 'date'],
  ['int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'money'],
];

/**
 * Whether a definition compares values of a changed type by their order, and the values of the other type have another one: the
 * labels of an enum are in the order of their declaration, and texts in that of a collation.
 *
 * @param from the side of the definition
 */
export async function comparesByLostOrder(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  { kind, name }: ParsedAttachment,
): Promise<boolean> {
  const pairs = changedColumnsOf(change).map(({ oldColumn, newColumn }) =>
    from === 'old' ? [oldColumn.type, newColumn.type] : [newColumn.type, oldColumn.type],
  );
  const { rows } = await database.query<{ compares: boolean }>(
    `
    with parsed as (${TREES[kind]}
    ), changed as (
      select t.oid, t.typtype, t.typcategory, t.typbasetype
      from unnest($3::text[], $4::text[]) as pair (old_type, new_type)
      join pg_catalog.pg_type t on t.oid = pair.old_type::regtype
      join pg_catalog.pg_type other on other.oid = pair.new_type::regtype
      where not exists (
        select from jsonb_array_elements($5::jsonb) as same
        where same ? t.typname::text and same ? other.typname::text
      )
    ), ordered as (
      select unnest(array[
        oid, nullif(typbasetype, 0),
        case typtype when 'e' then 'anyenum'::regtype when 'r' then 'anyrange'::regtype end,
        case typcategory when 'A' then 'anyarray'::regtype end
      ]) as type
      from changed
    )
    select exists (
      select from parsed
      -- A subquery can sort, and the greatest of two values has no operator.
      where tree ~ '\\{(QUERY|MINMAX|ROWCOMPARE)' and exists (select from changed)
        or exists (
          select from regexp_matches(tree, ':opno (\\d+)', 'g') as operator (oid)
          join pg_catalog.pg_amop o on o.amopopr = (operator.oid)[1]::oid and o.amopstrategy <> 3
          join pg_catalog.pg_am m on m.oid = o.amopmethod and m.amname = 'btree'
          where o.amoplefttype in (select type from ordered) or o.amoprighttype in (select type from ordered)
        )
    ) as compares`,
    [
      changeNamesOf(change).table,
      name,
      pairs.map(([type]) => type),
      pairs.map(([, other]) => other),
      JSON.stringify(SAME_ORDER),
    ],
  );
  return rows[0]!.compares;
}
