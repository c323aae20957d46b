import { writeStatement } from '../../sql/write-statement.ts';
import type { AlteredTable } from '../planning/catalog.ts';
import { hasAltered } from '../planning/made-here.ts';
import { nameOf } from '../planning/relation-names.ts';
import { onTable, type TableCommand } from '../planning/table-command.ts';
import { type Asked, onTrialTable } from './trial-table.ts';

/** The empty table on which PostgreSQL shows whether it rewrites. */
const TRIAL = 'online_migration_trial';

/**
 * Asks PostgreSQL whether it changes the type of a column without reading the rows or building an index: the statement runs on an empty
 * table of the same columns and indexes, which is rolled back.
 */
export async function changesTypeAtOnce(
  asked: Asked,
  alter: TableCommand,
  table: AlteredTable,
): Promise<boolean> {
  const { database, parser } = asked;
  const { rows: readers } = await database.query<{ found: boolean }>(
    `
    select exists (
      select from pg_catalog.pg_constraint n
      join pg_catalog.pg_attribute a on a.attrelid = to_regclass($1) and a.attname = $2
      where n.contype in ('c', 'f')
        and (n.conrelid = a.attrelid and a.attnum = any (n.conkey) or n.confrelid = a.attrelid and a.attnum = any (n.confkey))
    ) as found`,
    [nameOf(table.relation), alter.command.name],
  );
  // PostgreSQL checks them again in every row.
  if (readers[0]!.found) return false;
  const files = `
    select pg_relation_filenode(c.oid) as file
    from pg_catalog.pg_class c
    left join pg_catalog.pg_index i on i.indexrelid = c.oid
    where to_regclass('pg_temp.${TRIAL}') in (c.oid, i.indrelid)
    order by 1`;
  const options = { name: TRIAL, including: 'including all excluding statistics' };
  const isSame = await onTrialTable(asked, table, options, async (trial) => {
    const onTrial = writeStatement(parser, onTable(alter, trial));
    if (onTrial === null) return false;
    const before = await database.query(files);
    try {
      await database.query(onTrial);
    } catch {
      // PostgreSQL refuses it on the table, too, and says why. An object that an earlier statement makes may be missing here alone.
      return !hasAltered(table.altering, alter.command.name!) && !table.createsObjects;
    }
    const after = await database.query(files);
    return JSON.stringify(before.rows) === JSON.stringify(after.rows);
  });
  // The role may not create temporary tables.
  return isSame ?? false;
}
