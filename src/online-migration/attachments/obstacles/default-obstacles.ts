import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { readNumbering, readOwnedSequence, SEQUENCE_TYPES } from '../numbering.ts';
import { columnAt, type TableColumn } from '../table-column.ts';

/** Why the old column's default, or its numbers, cannot go over as they are declared, a sentence each. */
export async function defaultObstacles(database: Queryable, change: ChangedColumn): Promise<string[]> {
  const { oldColumn, newColumn, nullable } = change;
  const numbering = await readNumbering(database, columnAt(change, 'old'));
  if (numbering !== null) {
    const reasons: string[] = [];
    if (newColumn.default !== undefined || oldColumn.default !== undefined) {
      reasons.push(`The numbers of ${oldColumn.name} come from ${numbering.sequence}: declare no default.`);
    }
    if (!SEQUENCE_TYPES.includes(newColumn.type.toLowerCase())) {
      reasons.push(
        `The numbers of ${oldColumn.name} come from ${numbering.sequence}, which cannot count in ${newColumn.type}: give the ` +
          `values in the application, and drop the ${numbering.identity === null ? 'default' : 'identity'}.`,
      );
    }
    return reasons;
  }
  const reasons: string[] = [];
  const expression = await readDefault(database, columnAt(change, 'old'));
  const owned = await readOwnedSequence(database, columnAt(change, 'old'));
  if (owned !== null) {
    reasons.push(
      `The sequence ${owned} belongs to ${oldColumn.name} and would go with it: ` +
        `\`alter sequence ${owned} owned by none\`.`,
    );
  }
  if ((oldColumn.default ?? null) !== expression) {
    reasons.push(
      expression === null
        ? `${oldColumn.name} has no default: take \`oldColumn.default\` out.`
        : `${oldColumn.name} has the default ${expression}: declare \`oldColumn.default\` exactly so, for the way back, and ` +
            `\`newColumn.default\` for the new type.`,
    );
  } else if (expression !== null && newColumn.default === undefined) {
    reasons.push(`${oldColumn.name} has a default: declare \`newColumn.default\` for the new type.`);
  }
  if (nullable && (expression !== null || newColumn.default !== undefined)) {
    reasons.push(
      `${oldColumn.name} may be null and has a default: while both columns are there, a null that was written on purpose ` +
        `looks like one that was left out. Drop the default for the time of the change, or set the column NOT NULL first.`,
    );
  }
  return reasons;
}

/** A column's default, as the catalog writes it; null if it has none, or one that says no more than none. */
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
