import { asKind } from '../../sql/statements.ts';
import type { Rule } from '../planning/rule.ts';

/**
 * `alter type … alter attribute … type … cascade`: ACCESS EXCLUSIVE on the tables that are made of the type, while they are rewritten.
 * Refused, if there is one. So is `drop attribute … cascade`, which drops their columns. Without `cascade`, PostgreSQL refuses it.
 */
export const changeAttribute: Rule = async ({ tree }, { catalog }) => {
  const { objtype, relation, cmds = [] } = asKind(tree, 'AlterTableStmt') ?? {};
  const commands = cmds
    .map((node) => asKind(node, 'AlterTableCmd'))
    .filter((command) => command?.behavior === 'DROP_CASCADE');
  const dropped = commands.find((command) => command?.subtype === 'AT_DropColumn')?.name;
  const isChanged = commands.some((command) => command?.subtype === 'AT_AlterColumnType');
  if (objtype !== 'OBJECT_TYPE' || relation === undefined || (dropped === undefined && !isChanged))
    return undefined;
  const { relname = '', schemaname } = relation;
  const table = await catalog.findTableOfType(schemaname === undefined ? [relname] : [schemaname, relname]);
  if (table === undefined) return undefined;
  if (dropped !== undefined) {
    return {
      kind: 'refused',
      reason: `it also drops the column ${dropped} of ${table}, with its values`,
      instead: `\`alter table ${table} not of\` parts a table from the type: then drop its column, if nobody needs it`,
    };
  }
  return {
    kind: 'refused',
    reason: `it rewrites the tables of the type, such as ${table}, while nobody can use them`,
    instead: `\`alter table ${table} not of\` parts a table from the type: then change the type of its column`,
  };
};
