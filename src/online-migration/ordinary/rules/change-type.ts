import { escapeIdentifier } from 'pg';
import { asKind } from '../../sql/statements.ts';
import { writeStatement } from '../../sql/write-statement.ts';
import type { Rule, RuleContext } from '../planning/rule.ts';
import { locked } from '../planning/step.ts';
import { onTable, type TableCommand, tableCommandOf } from '../planning/table-command.ts';
import type { TableFacts } from '../planning/table-facts.ts';
import { onTrialTable } from '../planning/trial-table.ts';
import { onFreeTable, tableInUse } from '../planning/verdicts.ts';

/** The empty table on which PostgreSQL shows whether it rewrites. */
const TRIAL = 'online_migration_trial';
/** The type in a statement that contains it alone. */
const TYPE = /^SELECT (?:NULL::(?<a>.*)|CAST\(NULL AS (?<b>.*)\))$/;

/**
 * `alter column … type`: ACCESS EXCLUSIVE. PostgreSQL rewrites the table and its indexes, unless every old value is stored as the new type
 * would store it. Then it only changes the catalog.
 *
 * 1. PostgreSQL is asked: the statement runs on an empty table of the same columns and indexes, which is rolled back.
 * 2. If it rewrites neither, the statement runs as it is. Otherwise a column change does it.
 */
export const changeType: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  if (alter?.command.subtype !== 'AT_AlterColumnType') return undefined;
  const table = await tableInUse(alter.table, context);
  if (table === undefined) return onFreeTable(alter.table, context);
  const column = alter.command.name!;
  const isMissing = table.columns[column] === undefined && !context.made.hasAltered(alter.table, column);
  if (isMissing || (await isInstant(alter, table, context))) {
    return { kind: 'steps', reason: 'it locks the table', steps: [locked(statement.text, [table.name])] };
  }
  const type = TYPE.exec(writeStatement(context.parser, typeStatement(alter)) ?? '')?.groups;
  return {
    kind: 'refused',
    reason: 'it rewrites or reads the whole table while nobody can use it',
    instead: `\`npx online-migration new --table ${table.name} --column ${escapeIdentifier(column)} --to '${type?.['a'] ?? type?.['b'] ?? '<type>'}'\` writes a column change that does it beside the traffic`,
  };
};

async function isInstant(alter: TableCommand, table: TableFacts, context: RuleContext): Promise<boolean> {
  const { database, parser, made } = context;
  const { rows: readers } = await database.query<{ found: boolean }>(
    `
    select exists (
      select from pg_catalog.pg_constraint n
      join pg_catalog.pg_attribute a on a.attrelid = to_regclass($1) and a.attname = $2
      where n.contype in ('c', 'f')
        and (n.conrelid = a.attrelid and a.attnum = any (n.conkey) or n.confrelid = a.attrelid and a.attnum = any (n.confkey))
    ) as found`,
    [table.inCatalog, alter.command.name],
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
  const isSame = await onTrialTable(context, alter.table, options, async (trial) => {
    const onTrial = writeStatement(parser, onTable(alter, trial));
    if (onTrial === null) return false;
    const before = await database.query(files);
    try {
      await database.query(onTrial);
    } catch {
      // PostgreSQL refuses it on the table, too, and says why. A column that an earlier statement makes may be missing here alone.
      return !made.hasAltered(alter.table, alter.command.name!);
    }
    const after = await database.query(files);
    return JSON.stringify(before.rows) === JSON.stringify(after.rows);
  });
  // The role may not create temporary tables.
  return isSame ?? false;
}

/** A statement that contains the new type alone. */
function typeStatement({ command }: TableCommand) {
  const typeName = asKind(command.def, 'ColumnDef')?.typeName;
  return {
    SelectStmt: {
      targetList: [
        {
          ResTarget: {
            val: { TypeCast: { arg: { A_Const: { isnull: true } }, ...(typeName && { typeName }) } },
          },
        },
      ],
      limitOption: 'LIMIT_OPTION_DEFAULT' as const,
      op: 'SETOP_NONE' as const,
    },
  };
}
