import type { Node, RangeVar } from 'libpg-query';
import type { PlannedStatement } from '../../ordinary/plan-migration.ts';
import { isOutsideOnly } from '../../ordinary/planning/outside-step.ts';
import { droppedRelations } from '../../ordinary/planning/dropped-objects.ts';
import { asKind, onOneLine, type Statement } from '../../sql/statements.ts';
import type { CheckedStatement } from './checked-file.ts';
import type { ToolRun } from './tool-run.ts';

/** How much of a statement a sentence shows. */
const SHOWN_LENGTH = 80;

/** A statement whose lock the transaction holds. */
interface Holder {
  readonly statement: Statement;
  readonly tables: ReadonlySet<string>;
}

/** The inputs besides the statements. */
export interface SharedRun {
  readonly tool: ToolRun;
  /** The number of its transaction for each statement that has one. */
  readonly transactions: ReadonlyMap<Statement, number>;
  /** The name of a table that is in use; undefined for another one. */
  readonly nameInUse: (relation: RangeVar) => Promise<string | undefined>;
}

/**
 * Judges statements that a tool runs in one transaction, each by those before it.
 *
 * - A statement that PostgreSQL refuses in a transaction is refused.
 * - A statement that reads a table for long needs a transaction of its own, if an earlier one holds a lock on a table in use.
 * - A lock on a second table in use gets a warning: the first one stays locked as long as the statement waits.
 */
export async function judgeTogether(
  checked: readonly CheckedStatement[],
  { tool, transactions, nameInUse }: SharedRun,
): Promise<CheckedStatement[]> {
  const judged: CheckedStatement[] = [];
  const holders = new Map<number, Holder>();
  for (const each of checked) {
    const transaction = transactions.get(each.source);
    if (transaction === undefined) {
      judged.push(each);
      continue;
    }
    const tables = await lockedTables(each.statement.tree, nameInUse);
    const holder = holders.get(transaction);
    judged.push(each.outcome === 'accepted' ? each : judge(each, tables, holder, tool));
    if (tables.length === 0) continue;
    holders.set(transaction, {
      statement: holder?.statement ?? each.source,
      tables: new Set([...(holder?.tables ?? []), ...tables]),
    });
  }
  return judged;
}

function judge(
  checked: CheckedStatement,
  tables: readonly string[],
  holder: Holder | undefined,
  { without }: ToolRun,
): CheckedStatement {
  const { statement, verdict } = checked;
  if (checked.outcome === 'refused') return checked;
  if (isOutsideOnly(statement.tree)) {
    return {
      ...checked,
      outcome: 'refused',
      rule: 'oneTransaction',
      verdict: {
        kind: 'refused',
        reason:
          'PostgreSQL refuses it in a transaction (25001), and the tool runs the statements of the file in one',
        instead: `move it to a migration of its own that runs without a transaction${without === undefined ? '' : `: ${without}`}`,
      },
    };
  }
  if (holder === undefined) return checked;
  const held = `line ${holder.statement.line} (\`${onOneLine(holder.statement.text, SHOWN_LENGTH)}\`)`;
  if (checked.outcome === 'as-written' && verdict.kind === 'steps' && readsRows(checked)) {
    const reason = `it reads a table for long while the lock of ${held} is held until the transaction ends: move it to a migration of its own`;
    return { ...checked, outcome: 'steps', rule: 'oneTransaction', verdict: { ...verdict, reason } };
  }
  const others = tables.filter((table) => !holder.tables.has(table));
  if (others.length === 0) return checked;
  const message =
    `it locks ${others.join(' and ')} in the transaction of ${held}: nobody can use ${[...holder.tables].join(' and ')} as long as it waits ` +
    'for that lock; move it to a migration of its own';
  return { ...checked, warnings: [...checked.warnings, { rule: 'one-transaction', message }] };
}

function readsRows({ statement, verdict }: PlannedStatement | CheckedStatement): boolean {
  // A function alone reads no table: `select setval('orders_id_seq', 1)`.
  const select = asKind(statement.tree, 'SelectStmt');
  if (select !== undefined && select.fromClause === undefined) return false;
  return verdict.kind === 'steps' && verdict.steps.some(({ kind }) => kind === 'validate');
}

const STRONG = new Set<string | undefined>(['OBJECT_TABLE', 'OBJECT_COLUMN', 'OBJECT_TABCONSTRAINT']);

/** The tables in use that a statement locks, as it is written, against writes or reads until its transaction ends. */
async function lockedTables(tree: Node, nameInUse: SharedRun['nameInUse']): Promise<string[]> {
  const names: string[] = [];
  for (const relation of relationsLockedBy(tree)) {
    const name = await nameInUse(relation);
    if (name !== undefined) names.push(name);
  }
  return names;
}

function relationsLockedBy(tree: Node): RangeVar[] {
  const alter = asKind(tree, 'AlterTableStmt');
  if (alter?.relation !== undefined) {
    const commands = (alter.cmds ?? []).map((node) => asKind(node, 'AlterTableCmd'));
    if (commands.every((command) => command?.subtype === 'AT_ValidateConstraint')) return [];
    const keys = commands.flatMap((command) => asKind(command?.def, 'Constraint')?.pktable ?? []);
    return [alter.relation, ...keys];
  }
  const renamed = asKind(tree, 'RenameStmt');
  if (renamed?.relation !== undefined) return STRONG.has(renamed.renameType) ? [renamed.relation] : [];
  const drop = asKind(tree, 'DropStmt');
  if (drop !== undefined) return drop.removeType === 'OBJECT_TABLE' ? droppedRelations(drop) : [];
  const index = asKind(tree, 'IndexStmt');
  const on =
    (index?.concurrent ? undefined : index?.relation) ??
    asKind(tree, 'AlterObjectSchemaStmt')?.relation ??
    asKind(tree, 'CreateTrigStmt')?.relation;
  if (on !== undefined) return [on];
  const several = asKind(tree, 'TruncateStmt')?.relations ?? asKind(tree, 'LockStmt')?.relations ?? [];
  return several.flatMap((node) => asKind(node, 'RangeVar') ?? []);
}
