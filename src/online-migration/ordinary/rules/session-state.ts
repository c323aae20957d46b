import type { Node } from 'libpg-query';
import { asKind, type Kind } from '../../sql/statements.ts';
import { writeStatement } from '../../sql/write-statement.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { Rule, RuleContext, Verdict } from '../planning/rule.ts';
import { stringsOf } from '../planning/table-command.ts';

/** Statements whose effect ends with the transaction or the session. */
const BOUND: readonly Kind[] = [
  'PrepareStmt',
  'ExecuteStmt',
  'DeclareCursorStmt',
  'FetchStmt',
  'ClosePortalStmt',
];

/**
 * Statements that alter the session or the transaction, and that later ones depend on.
 *
 * - A timeout is left out: the steps have their own.
 * - Another setting holds for the steps that follow, also if they run later in another session.
 * - `set constraints … immediate`, as Django writes it, runs in its place: each commit checks the constraints anyway.
 * - Temporary tables, cursors, deferred constraints and `lock table` have one transaction, or they are refused.
 */
export const sessionState: Rule = async ({ tree }, context) => {
  const setting = settingIn(tree);
  if (setting !== undefined) {
    if (setting.name.endsWith('_timeout')) {
      return { kind: 'steps', reason: 'the steps have timeouts of their own', steps: [] };
    }
    const sql = writeStatement(context.parser, setting.ofSession);
    return { kind: 'as-written', relations: [], ...(sql !== null && { setting: sql }) };
  }
  const temporary = [
    asKind(tree, 'CreateStmt')?.relation,
    asKind(tree, 'CreateTableAsStmt')?.into?.rel,
    asKind(tree, 'SelectStmt')?.intoClause?.rel,
  ].some((relation) => relation?.relpersistence === 't');
  if (temporary) return bound([], 'use an ordinary table, and drop it at the end');
  const locks = asKind(tree, 'LockStmt')?.relations?.flatMap((node) => asKind(node, 'RangeVar') ?? []);
  if (locks !== undefined) return bound(locks.map(nameOf), 'leave it out: each step locks its tables itself');
  const constraints = asKind(tree, 'ConstraintsSetStmt');
  if (constraints !== undefined && constraints.deferred !== true)
    return { kind: 'as-written', relations: [] };
  if (constraints !== undefined || BOUND.some((kind) => kind in tree))
    return bound([], 'write the statements that need it in a migration of their own');
  return undefined;
};

/** Sets the schemas in which the names of later statements are looked up, for the time of the plan. */
export async function setPathOf(tree: Node, { catalog }: RuleContext): Promise<void> {
  const setting = settingIn(tree);
  if (setting?.name === 'search_path') await catalog.setSearchPath(setting.ofSession);
}

function bound(relations: readonly string[], instead: string): Verdict {
  return { kind: 'as-written', relations, needsOneTransaction: instead };
}

/** The setting that a statement alters, and the statement that alters it for the session. */
export function settingIn(tree: Node): { name: string; ofSession: Node } | undefined {
  const set = asKind(tree, 'VariableSetStmt');
  if (set !== undefined) {
    const { is_local: _, ...ofSession } = set;
    return { name: (set.name ?? '').toLowerCase(), ofSession: { VariableSetStmt: ofSession } };
  }
  const select = asKind(tree, 'SelectStmt');
  const [target, ...others] = select?.targetList ?? [];
  const call = asKind(asKind(target, 'ResTarget')?.val, 'FuncCall');
  if (select?.fromClause !== undefined || others.length > 0) return undefined;
  if (stringsOf(call?.funcname).at(-1) !== 'set_config' || call?.args?.length !== 3) return undefined;
  const args = [...call.args.slice(0, 2), { A_Const: { boolval: {} } }];
  return {
    name: asKind(call.args[0], 'A_Const')?.sval?.sval?.toLowerCase() ?? '',
    ofSession: {
      SelectStmt: {
        ...select,
        targetList: [{ ResTarget: { ...asKind(target, 'ResTarget'), val: { FuncCall: { ...call, args } } } }],
      },
    },
  };
}
