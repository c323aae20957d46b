import type { Node } from 'libpg-query';
import { asKind, type Kind } from '../../sql/statements.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { Rule } from '../planning/rule.ts';
import { read, validate } from '../planning/step.ts';
import { addedConstraint, tableCommandOf } from '../planning/table-command.ts';
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
  return asWritten(...relationsOf(statement.tree));
};

/** The tables that a statement locks, for the search of those who block it. */
function relationsOf(tree: Node): string[] {
  const renamed =
    asKind(tree, 'RenameStmt')?.relation ??
    asKind(tree, 'AlterObjectSchemaStmt')?.relation ??
    asKind(tree, 'CreateTrigStmt')?.relation;
  if (renamed !== undefined) return [nameOf(renamed)];
  const parents = asKind(tree, 'CreateStmt')?.inhRelations;
  if (parents !== undefined) return parents.map((node) => nameOf(asKind(node, 'RangeVar')!));
  const drop = asKind(tree, 'DropStmt');
  if (drop?.removeType !== 'OBJECT_TABLE') return [];
  return (drop.objects ?? []).map((object) => {
    const names = (asKind(object, 'List')?.items ?? []).map((item) => asKind(item, 'String')?.sval ?? '');
    const relname = names.at(-1)!;
    return nameOf(names.length > 1 ? { schemaname: names.at(-2)!, relname } : { relname });
  });
}
