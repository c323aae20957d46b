import type { ColumnChange } from '../../change/column-change.ts';
import { changeNamesOf } from '../../change/names.ts';
import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { otherSide, type Side } from '../../sync/filled-column.ts';
import {
  type CarriedFilter,
  describeFilter,
  readPublishedTables,
  readTablesToAlter,
  withdrawStatement,
} from '../published-tables.ts';
import { isCarried, readGeneratedColumns } from '../generated-columns.ts';
import { columnsAt, typesAt } from '../table-column.ts';
import { reasonOf, type Translations } from '../translated.ts';

/** Finds row filters of the columns on one side that cannot be carried over, an obstacle each. */
export function filterObstacles(
  change: ColumnChange,
  side: Side,
  filters: readonly CarriedFilter[],
  translations: Translations['filters'],
): Obstacle[] {
  const type = typesAt(change, otherSide(side));
  return filters.flatMap((one) => {
    const reason = reasonOf(translations, one.name);
    if (reason === null) return [];
    const { publication, table, filter } = one;
    return [
      obstacle(
        'FILTER_NOT_CARRIED',
        `The ${describeFilter(one)}, ${filter}, does not fit ${type}: ${reason}. Give it a condition that fits both types, or take the ` +
          `table out for the time of the change, \`${withdrawStatement(one)}\`.`,
        { publication, table, filter, type, reason },
      ),
    ];
  });
}

/**
 * Finds rights that the migrating role lacks to alter publications whose column list or row filter names a column, and those that
 * list a table with a virtual column of it, an obstacle each. Only its owner may alter a publication.
 */
export async function publicationRights(
  database: Queryable,
  change: ColumnChange,
  side: Side,
): Promise<Obstacle[]> {
  const { table } = changeNamesOf(change);
  const generated = await readGeneratedColumns(database, columnsAt(change, side));
  const moves = generated.some(isCarried);
  const published = moves
    ? await readPublishedTables(database, table)
    : await readTablesToAlter(database, change, side);
  if (published.length === 0) return [];
  const { rows } = await database.query<
    Record<'publication' | 'owner' | 'role' | 'table_owner', string> & { has_schemas: boolean }
  >(
    `
    select quote_ident(p.pubname) as publication, quote_ident(pg_get_userbyid(p.pubowner)) as owner,
      quote_ident(current_user) as role, quote_ident(pg_get_userbyid(c.relowner)) as table_owner,
      exists (select from pg_catalog.pg_publication_namespace s where s.pnpubid = p.oid) as has_schemas
    from pg_catalog.pg_publication p
    join pg_catalog.pg_class c on c.oid = to_regclass($2)
    where quote_ident(p.pubname) = any ($1) and not pg_has_role(current_user, p.pubowner, 'usage')
    order by 1`,
    [published.map(({ publication }) => publication), table],
  );
  return rows.map(({ publication, owner, role, table_owner: tableOwner, has_schemas: hasSchemas }) =>
    obstacle(
      'OWNER_NOT_GRANTED',
      `The publication ${publication} ${moves ? 'lists the table, which has a generated column to alter' : 'names the column'}, and ${role} may not alter it, because it belongs to ${owner}: ` +
        // PostgreSQL lets only a superuser own a publication of schemas.
        (hasSchemas
          ? `\`grant ${owner} to ${role}\`, or run the phases as ${owner}.`
          : `\`alter publication ${publication} owner to ${tableOwner}\`.`),
      { object: `publication ${publication}`, owner, role },
    ),
  );
}
