import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { typeValues } from '../../change/declared-type.ts';

/** A timestamp with as many digits as PostgreSQL stores, so rounding changes it. */
const PROBE = '2001-02-03 04:05:06.789123';
const TIMESTAMP_TYPE = /^timestamp/i;
const PROBED_TYPE = /^(timestamp|text|varchar|char)/i;

/**
 * Finds directions of the conversion that would round a second's fraction without an error, an obstacle each:
 * PostgreSQL rounds values that are stored in a `timestamp(3)`. It tries the conversion with one text or timestamp
 * that has all digits.
 */
export async function precisionObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const { oldColumn, newColumn, conversion } = change;
  const { forward, forwardInBulk, backward } = conversion;
  const directions: [what: string, convert: typeof forward, from: string, to: string][] = [
    ['forward', forward, oldColumn.type, newColumn.type],
  ];
  if (forwardInBulk) directions.push(['forwardInBulk', forwardInBulk, oldColumn.type, newColumn.type]);
  if (backward !== 'not reversible') directions.push(['backward', backward, newColumn.type, oldColumn.type]);
  const obstacles: Obstacle[] = [];
  for (const [what, convert, from, to] of directions) {
    if (!PROBED_TYPE.test(from) || !TIMESTAMP_TYPE.test(to) || typeValues(to)[1] === null) continue;
    const { rows } = await database.query<{ rounds: boolean }>(
      `select (${convert('value')}) is distinct from (${convert('value')})::${to} as rounds
      from (select $1::text::${from} as value) as input`,
      [PROBE],
    );
    if (!rows[0]?.rounds) continue;
    obstacles.push(
      obstacle(
        'PRECISION_LOST',
        `\`conversion.${what}\` gives values with more digits of a second than ${to} keeps, which would be rounded: ` +
          `let it give null for them, as timestampToTimestamptz and textToTimestamptzOf do if you pass the precision.`,
        { property: `conversion.${what}`, type: to },
      ),
    );
  }
  return obstacles;
}
