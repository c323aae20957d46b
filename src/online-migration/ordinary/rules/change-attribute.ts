import { asKind } from '../../sql/statements.ts';
import type { Rule } from '../planning/rule.ts';

/**
 * `alter type … alter attribute … type … cascade`: ACCESS EXCLUSIVE on the tables that are made of the type, while they are rewritten.
 * Refused, if there is one. Without `cascade`, PostgreSQL refuses it.
 */
export const changeAttribute: Rule = async ({ tree }, { catalog }) => {
  const { objtype, relation, cmds = [] } = asKind(tree, 'AlterTableStmt') ?? {};
  const isChanged = cmds.some((node) => {
    const command = asKind(node, 'AlterTableCmd');
    return command?.subtype === 'AT_AlterColumnType' && command.behavior === 'DROP_CASCADE';
  });
  if (objtype !== 'OBJECT_TYPE' || relation === undefined || !isChanged) return undefined;
  const { relname = '', schemaname } = relation;
  const table = await catalog.findTableOfType(schemaname === undefined ? [relname] : [schemaname, relname]);
  if (table === undefined) return undefined;
  return {
    kind: 'refused',
    reason: `it rewrites the tables of the type, such as ${table}, while nobody can use them`,
    instead: `\`alter table ${table} not of\` parts a table from the type: then change the type of its column`,
  };
};
