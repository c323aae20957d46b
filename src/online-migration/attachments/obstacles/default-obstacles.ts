import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { readNumbering, readOwnedSequence, SEQUENCE_TYPES } from '../numbering.ts';
import { columnAt, type TableColumn } from '../table-column.ts';

/** Finds reasons why the old column's default or numbering cannot be carried over as declared, an obstacle each. */
export async function defaultObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const { oldColumn, newColumn } = change;
  const numbering = await readNumbering(database, columnAt(change, 'old'));
  if (numbering !== null) {
    const { sequence } = numbering;
    const obstacles: Obstacle[] = [];
    if (newColumn.default !== undefined || oldColumn.default !== undefined) {
      obstacles.push(
        obstacle(
          'DEFAULT_BESIDE_NUMBERING',
          `The numbers of ${oldColumn.name} come from ${sequence}: declare no default.`,
          { column: oldColumn.name, sequence },
        ),
      );
    }
    if (!SEQUENCE_TYPES.includes(newColumn.type.toLowerCase())) {
      obstacles.push(
        obstacle(
          'SEQUENCE_CANNOT_COUNT',
          `The numbers of ${oldColumn.name} come from ${sequence}, which cannot count in ${newColumn.type}: give the ` +
            `values in the application, and drop the ${numbering.identity === null ? 'default' : 'identity'}.`,
          { column: oldColumn.name, sequence, type: newColumn.type },
        ),
      );
    }
    return obstacles;
  }
  const obstacles: Obstacle[] = [];
  const expression = await readDefault(database, columnAt(change, 'old'));
  const owned = await readOwnedSequence(database, columnAt(change, 'old'));
  if (owned !== null) {
    obstacles.push(
      obstacle(
        'SEQUENCE_OWNED',
        `The sequence ${owned} belongs to ${oldColumn.name} and would go with it: ` +
          `\`alter sequence ${owned} owned by none\`.`,
        { column: oldColumn.name, sequence: owned },
      ),
    );
  }
  if ((oldColumn.default ?? null) !== expression) {
    obstacles.push(
      obstacle(
        'DEFAULT_DIFFERS',
        expression === null
          ? `${oldColumn.name} has no default: take \`from.default\` out.`
          : `${oldColumn.name} has the default ${expression}: declare \`from.default\` exactly so, for the way back, and ` +
              `\`to.default\` for the new type.`,
        { column: oldColumn.name, declared: oldColumn.default ?? null, found: expression },
      ),
    );
  } else if (expression !== null && newColumn.default === undefined) {
    obstacles.push(
      obstacle(
        'NEW_DEFAULT_MISSING',
        `${oldColumn.name} has a default: declare \`to.default\` for the new type.`,
        { column: oldColumn.name, default: expression, type: newColumn.type },
      ),
    );
  }
  return obstacles;
}

/**
 * Finds the default of a column that may be null, if nobody has reviewed it. While both columns exist, an insert of a null
 * through the new column looks like one that leaves the column out.
 */
export async function defaultOfNullableObstacles(
  database: Queryable,
  change: ChangedColumn,
): Promise<Obstacle[]> {
  const { oldColumn, newColumn, nullable, reviewed = [] } = change;
  const name = `default of ${oldColumn.name}`;
  if (!nullable || reviewed.includes(name)) return [];
  const expression = await readDefault(database, columnAt(change, 'old'));
  if (expression === null && newColumn.default === undefined) return [];
  return [
    obstacle(
      'DEFAULT_OF_NULLABLE',
      `${oldColumn.name} may be null and has a default. From enforce to contract, an insert that sets ${newColumn.name} to null on ` +
        `purpose gets the default, because it looks like one that leaves the column out. If no program does that, add '${name}' ` +
        `to \`reviewed\`; otherwise drop the default for the time of the change.`,
      { column: oldColumn.name, default: expression, reviewed: name },
    ),
  ];
}

/** A column's default, as in the catalog; null if it has none, or if its default is null. */
async function readDefault(database: Queryable, { table, column }: TableColumn): Promise<string | null> {
  const { rows } = await database.query<{ expression: string }>(
    `
    select pg_get_expr(d.adbin, d.adrelid) as expression
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = to_regclass($1) and a.attname = $2 and pg_get_expr(d.adbin, d.adrelid) !~ '^NULL::'`,
    [table, column],
  );
  return rows[0]?.expression ?? null;
}
