import type { Node, RangeVar } from 'libpg-query';
import { asKind, type Kind } from '../../sql/statements.ts';
import { droppedRelations } from '../planning/dropped-objects.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { Rule } from '../planning/rule.ts';
import { read, validate } from '../planning/step.ts';
import { addedConstraint, stringsOf, tableCommandOf } from '../planning/table-command.ts';
import { asWritten, onFreeTable, tableInUse } from '../planning/verdicts.ts';

/** Statements that lock no table that was there before, or only for a change of the catalog. */
const HARMLESS: readonly Kind[] = [
  'CreateStmt',
  'CreateSeqStmt',
  'AlterSeqStmt',
  'CreateEnumStmt',
  'CreateDomainStmt',
  'CompositeTypeStmt',
  'CreateSchemaStmt',
  'CreateFunctionStmt',
  'CreateExtensionStmt',
  'ViewStmt',
  'CommentStmt',
  'GrantStmt',
  'GrantRoleStmt',
  'CreateTrigStmt',
  'CreatePolicyStmt',
  'AlterPolicyStmt',
  'InsertStmt',
  'DropStmt',
  'RenameStmt',
  'AlterObjectSchemaStmt',
];

/** Commands of `alter table` that only change the catalog. */
const HARMLESS_COMMANDS = new Set<string | undefined>([
  'AT_ColumnDefault',
  'AT_DropNotNull',
  'AT_DropColumn',
  'AT_DropConstraint',
  'AT_AlterConstraint',
  'AT_SetStatistics',
  'AT_SetOptions',
  'AT_ResetOptions',
  'AT_SetStorage',
  'AT_SetCompression',
  'AT_SetRelOptions',
  'AT_ResetRelOptions',
  'AT_ChangeOwner',
  'AT_ReplicaIdentity',
  'AT_EnableRowSecurity',
  'AT_DisableRowSecurity',
  'AT_ForceRowSecurity',
  'AT_NoForceRowSecurity',
  'AT_EnableTrig',
  'AT_DisableTrig',
  'AT_AddIdentity',
  'AT_SetIdentity',
  'AT_DropIdentity',
  'AT_DropExpression',
  'AT_ClusterOn',
  'AT_DropCluster',
]);

/** Statements that neither read nor rewrite a table in use. They need the lock discipline and nothing else. */
export const catalogOnly: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  if (alter?.command.subtype === 'AT_ValidateConstraint') {
    const name = nameOf(alter.table);
    return {
      kind: 'steps',
      reason: 'it reads the whole table, beside the traffic',
      steps: [validate(statement.text, name)],
    };
  }
  if (alter !== undefined && addedConstraint(alter)?.contype === 'CONSTR_EXCLUSION') {
    if ((await tableInUse(alter.table, context)) === undefined) return onFreeTable(alter.table, context);
    return {
      kind: 'refused',
      reason:
        'it builds an index while nobody can use the table, and PostgreSQL has no other way to make an exclusion constraint',
      instead:
        'make a new table with it, and move the rows there; or accept the lock: `-- online: accepted <reason>`',
    };
  }
  if (alter !== undefined) {
    if (HARMLESS_COMMANDS.has(alter.command.subtype)) return onFreeTable(alter.table, context);
    return (await tableInUse(alter.table, context)) === undefined
      ? onFreeTable(alter.table, context)
      : undefined;
  }
  const several = asKind(statement.tree, 'AlterTableStmt');
  if (several?.objtype === 'OBJECT_TABLE' && several.relation !== undefined && several.cmds!.length > 1) {
    if ((await tableInUse(several.relation, context)) === undefined)
      return onFreeTable(several.relation, context);
    return {
      kind: 'refused',
      reason: 'it has several commands, of which one cannot be written alone',
      instead: 'write a statement for each command',
    };
  }
  const analyze = asKind(statement.tree, 'VacuumStmt');
  if (analyze !== undefined && !analyze.is_vacuumcmd) {
    return { kind: 'steps', reason: 'it may read for long', steps: [read(statement.text)] };
  }
  if (asKind(statement.tree, 'CreateTableAsStmt') ?? asKind(statement.tree, 'SelectStmt')) {
    return { kind: 'steps', reason: 'it may read for long', steps: [read(statement.text)] };
  }
  if (asKind(statement.tree, 'AlterEnumStmt')?.newVal !== undefined) {
    return { kind: 'as-written', relations: [], commits: true };
  }
  if (!HARMLESS.some((kind) => kind in statement.tree)) return undefined;
  return asWritten(
    ...relationsOf(statement.tree)
      .filter((each) => !context.made.has(each))
      .map(nameOf),
  );
};

/** The tables that a statement locks, apart from those that it makes: nothing that takes long may run in the same transaction. */
function relationsOf(tree: Node): RangeVar[] {
  const on =
    asKind(tree, 'RenameStmt')?.relation ??
    asKind(tree, 'AlterObjectSchemaStmt')?.relation ??
    asKind(tree, 'CreateTrigStmt')?.relation ??
    asKind(tree, 'CreatePolicyStmt')?.table ??
    asKind(tree, 'AlterPolicyStmt')?.table ??
    asKind(tree, 'AlterSeqStmt')?.sequence ??
    (asKind(tree, 'ViewStmt')?.replace === true ? asKind(tree, 'ViewStmt')?.view : undefined);
  if (on !== undefined) return [on];
  const created = asKind(tree, 'CreateStmt');
  if (created !== undefined) {
    return [
      ...(created.inhRelations ?? []).map((node) => asKind(node, 'RangeVar')!),
      ...referencedIn(created.tableElts),
    ];
  }
  const drop = asKind(tree, 'DropStmt');
  if (DROPPED_RELATIONS.has(drop?.removeType)) return droppedRelations(drop!);
  if (!DROPPED_PARTS.has(drop?.removeType)) return [];
  return (drop?.objects ?? []).map((object) => {
    const [relname, schemaname] = stringsOf(asKind(object, 'List')?.items).slice(0, -1).toReversed();
    return { relname: relname!, ...(schemaname !== undefined && { schemaname }) };
  });
}

const DROPPED_RELATIONS = new Set<string | undefined>([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_FOREIGN_TABLE',
  'OBJECT_SEQUENCE',
]);
/** Their names begin with the table. */
const DROPPED_PARTS = new Set<string | undefined>(['OBJECT_TRIGGER', 'OBJECT_POLICY', 'OBJECT_RULE']);

/** The tables to which foreign keys of a new table refer. */
function referencedIn(part: unknown): RangeVar[] {
  if (typeof part !== 'object' || part === null) return [];
  const key = 'Constraint' in part ? asKind(part as Node, 'Constraint')?.pktable : undefined;
  return key === undefined ? Object.values(part).flatMap(referencedIn) : [key];
}
