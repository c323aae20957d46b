import type { Node, RangeVar } from 'libpg-query';
import { asKind } from '../../sql/statements.ts';
import { writeStatement } from '../../sql/write-statement.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { rolledBack } from '../../postgres/rolled-back.ts';
import type { AlteredTable } from '../planning/catalog.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { SqlParser } from '../../sql/sql-parser.ts';

/** A database, and the grammar of its statements. */
export interface Asked {
  readonly database: Queryable;
  readonly parser: SqlParser;
}

/**
 * Asks PostgreSQL on an empty temporary table with the columns of another table, as earlier statements of the migration leave them.
 * All of it is rolled back.
 *
 * @param name of the trial
 * @param including parts of the table that the trial has, too: `including all`
 * @returns the answer of the body; undefined if a statement fails
 */
export async function onTrialTable<T>(
  { database, parser }: Asked,
  { relation, altering }: AlteredTable,
  { name, including = '' }: { readonly name: string; readonly including?: string },
  body: (trial: RangeVar) => Promise<T>,
): Promise<T | undefined> {
  const trial: RangeVar = { schemaname: 'pg_temp', relname: name, inh: true, relpersistence: 'p' };
  try {
    return await rolledBack(database, async () => {
      await database.query(
        `create temporary table ${nameOf({ relname: name })} (like ${nameOf(relation)} ${including})`,
      );
      for (const tree of altering) {
        const onTrial = onRelation(tree, trial);
        const sql = onTrial === undefined ? null : writeStatement(parser, onTrial);
        if (sql === null) continue;
        await database.query(`savepoint altered`);
        // The trial does not have all that the table has.
        await database.query(sql).catch(async () => database.query(`rollback to altered`));
      }
      return await body(trial);
    });
  } catch {
    return undefined;
  }
}

/** Commands on columns alone. Another one could lock a second table. */
const ON_COLUMNS = /^AT_(?:AddColumn|DropColumn|AlterColumnType|DropNotNull|SetNotNull)$/;

/** The same for the trial; undefined if it is not on columns alone. */
function onRelation(tree: Node, relation: RangeVar): Node | undefined {
  const renamed = asKind(tree, 'RenameStmt');
  if (renamed !== undefined) return { RenameStmt: { ...renamed, relation } };
  const alter = asKind(tree, 'AlterTableStmt');
  if (alter?.cmds === undefined) return undefined;
  const isOnColumns = alter.cmds.every((node) =>
    ON_COLUMNS.test(asKind(node, 'AlterTableCmd')?.subtype ?? ''),
  );
  if (!isOnColumns) return undefined;
  return { AlterTableStmt: { ...alter, relation, cmds: alter.cmds.map(withoutForeignKey) } };
}

/** A foreign key would lock a second table. */
function withoutForeignKey(node: Node): Node {
  const command = asKind(node, 'AlterTableCmd');
  const column = asKind(command?.def, 'ColumnDef');
  if (command === undefined || column?.constraints === undefined) return node;
  // Behind a foreign key stands whether it is deferrable.
  const end = column.constraints.findIndex(isForeignKey);
  const constraints = end < 0 ? column.constraints : column.constraints.slice(0, end);
  return { AlterTableCmd: { ...command, def: { ColumnDef: { ...column, constraints } } } };
}

function isForeignKey(constraint: Node): boolean {
  return asKind(constraint, 'Constraint')?.contype === 'CONSTR_FOREIGN';
}
