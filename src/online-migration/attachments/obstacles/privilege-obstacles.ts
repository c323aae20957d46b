import { escapeIdentifier } from 'pg';
import type { ChangedColumn } from '../../change/changed-column.ts';
import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { otherSide, type Side } from '../../sync/filled-column.ts';
import { readColumnProperties } from '../column-properties.ts';
import { columnAt } from '../table-column.ts';

/**
 * Finds privileges that only the remaining column has, an obstacle each. It got those of the other column when it was added;
 * a privilege that was revoked from that column alone would stay.
 * @param side the column that will be dropped
 */
export async function privilegeObstacles(
  database: Queryable,
  change: ChangedColumn,
  side: Side,
): Promise<Obstacle[]> {
  const [leaving, staying] = [columnAt(change, side), columnAt(change, otherSide(side))];
  const { privileges } = await readColumnProperties(database, leaving);
  const { privileges: remaining } = await readColumnProperties(database, staying);
  return remaining
    .filter(
      ({ privilege, grantee }) =>
        !privileges.some((other) => other.privilege === privilege && other.grantee === grantee),
    )
    .map(({ privilege, grantee }) => {
      const right = privilege.toLowerCase();
      const of = ({ column }: { readonly column: string }) =>
        `${right} (${escapeIdentifier(column)}) on ${leaving.table}`;
      return obstacle(
        'PRIVILEGE_DIFFERS',
        `${grantee} has ${privilege} on ${staying.column}, and not on ${leaving.column}: \`revoke ${of(staying)} from ${grantee}\`; ` +
          `or, if the role needs it, \`grant ${of(leaving)} to ${grantee}\`.`,
        { table: leaving.table, column: staying.column, privilege, role: grantee },
      );
    });
}
