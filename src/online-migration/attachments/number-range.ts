import { escapeLiteral } from 'pg';
import { type Obstacle, obstacle } from '../change/obstacle.ts';
import type { ChangedColumn } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { type Numbering, readNumbering, SEQUENCE_TYPES } from './numbering.ts';
import { columnAt } from './table-column.ts';

interface Range {
  isAboutToPass: boolean;
  next: string;
  least: string;
  greatest: string;
  countsDownTo: string | null;
  countsUpTo: string | null;
  startsWith: string | null;
}

/**
 * Finds reasons why the old column cannot continue the new column's sequence, an obstacle each: its numbers exceed
 * the old type.
 */
export async function numberRangeObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const { newColumn, oldColumn } = change;
  const numbering = await readNumbering(database, columnAt(change, 'new'));
  if (numbering === null) return [];
  if (!SEQUENCE_TYPES.includes(oldColumn.type.toLowerCase())) {
    return [
      obstacle(
        'SEQUENCE_CANNOT_COUNT',
        `The numbers of ${newColumn.name} come from ${numbering.sequence}, which cannot count in ${oldColumn.type}: drop the ` +
          `${numbering.identity === null ? 'default' : 'identity'} of ${newColumn.name}.`,
        { column: newColumn.name, sequence: numbering.sequence, type: oldColumn.type },
      ),
    ];
  }
  const { sequence } = numbering;
  const range = await readRange(database, numbering, oldColumn.type);
  const { next, isAboutToPass, least, greatest, countsDownTo, countsUpTo, startsWith } = range;
  const ends = `and ${oldColumn.type} ends at ${greatest}`;
  const begins = `and ${oldColumn.type} begins at ${least}`;
  const isBelow = (number: string) => BigInt(number) < BigInt(least);
  const obstacles: Obstacle[] = [];
  if (isAboutToPass) {
    obstacles.push(
      obstacle(
        'SEQUENCE_NEXT_OUT_OF_RANGE',
        `The next number of ${sequence} is ${next}, ${isBelow(next) ? begins : ends}: give rows that are beyond it ` +
          `another ${newColumn.name}, then \`select setval(${escapeLiteral(sequence)}, …)\` with the last number that is in use.`,
        { sequence, next, least, greatest },
      ),
    );
  }
  if (countsUpTo !== null) {
    obstacles.push(
      obstacle(
        'SEQUENCE_LIMIT_OUT_OF_RANGE',
        `${sequence} counts up to ${countsUpTo}, ${ends}: \`alter sequence ${sequence} maxvalue ${greatest}\`.`,
        { sequence, maximum: countsUpTo, greatest },
      ),
    );
  }
  if (countsDownTo !== null) {
    obstacles.push(
      obstacle(
        'SEQUENCE_LIMIT_OUT_OF_RANGE',
        `${sequence} counts down to ${countsDownTo}, ${begins}: \`alter sequence ${sequence} minvalue ${least}\`.`,
        { sequence, minimum: countsDownTo, least },
      ),
    );
  }
  if (startsWith !== null) {
    obstacles.push(
      obstacle(
        'SEQUENCE_START_OUT_OF_RANGE',
        `${sequence} starts with ${startsWith}, ${isBelow(startsWith) ? begins : ends}: \`alter sequence ${sequence} start with …\`.`,
        { sequence, start: startsWith, least, greatest },
      ),
    );
  }
  return obstacles;
}

/**
 * Reads a sequence's next number, and its limits if they exceed a type. Limits that match the type will be changed
 * with it.
 */
async function readRange(
  database: Queryable,
  { sequence, identity, isOwned }: Numbering,
  type: string,
): Promise<Range> {
  const { rows } = await database.query<Range>(
    `
    with bounds as (
      select
        -power(2::numeric, old.typlen * 8 - 1)::numeric(20) as least, power(2::numeric, old.typlen * 8 - 1)::numeric(20) - 1 as greatest,
        -power(2::numeric, own.typlen * 8 - 1)::numeric(20) as own_least, power(2::numeric, own.typlen * 8 - 1)::numeric(20) - 1 as own_greatest,
        q.*
      from pg_catalog.pg_sequence q
      join pg_catalog.pg_type own on own.oid = q.seqtypid
      join pg_catalog.pg_type old on old.oid = $2::text::regtype
      where q.seqrelid = to_regclass($1)
    ), standing as (
      -- A cyclic sequence never exceeds its limits.
      select b.*, s.last_value::numeric + case when s.is_called and not b.seqcycle then b.seqincrement else 0 end as next
      from bounds b cross join ${sequence} s
    )
    select next::text, least::text, greatest::text,
      next not between least and greatest as "isAboutToPass",
      case when $3 and seqmin < least and seqmin <> own_least then seqmin::text end as "countsDownTo",
      case when $3 and seqmax > greatest and seqmax <> own_greatest then seqmax::text end as "countsUpTo",
      case when $3 and seqstart not between least and greatest then seqstart::text end as "startsWith"
    from standing`,
    [sequence, type, identity !== null || isOwned],
  );
  return rows[0]!;
}
