import { escapeIdentifier } from 'pg';
import { asKind } from '../../sql/statements.ts';
import type { Rule } from '../planning/rule.ts';
import { stringsOf } from '../planning/table-command.ts';
import { asWritten } from '../planning/verdicts.ts';

/** The subtypes of `alter domain` that read the tables. */
const ADD = 'C';
const SET_NOT_NULL = 'O';
const VALIDATE = 'V';

/**
 * `alter domain` with a constraint: SHARE on all tables that use the domain, while every row is read, so nobody writes to them. Refused,
 * if there is a table with rows. A constraint NOT VALID only changes the catalog, and so do the other forms of `alter domain`.
 */
export const domainConstraint: Rule = async ({ tree }, { catalog }) => {
  const alter = asKind(tree, 'AlterDomainStmt');
  if (alter === undefined) return undefined;
  const names = stringsOf(alter.typeName);
  const isAdded = alter.subtype === ADD && asKind(alter.def, 'Constraint')?.skip_validation !== true;
  const reads = isAdded || alter.subtype === SET_NOT_NULL || alter.subtype === VALIDATE;
  const used = reads ? await catalog.findTableWithType(names) : undefined;
  if (used === undefined) return asWritten();
  const domain = names.map(escapeIdentifier).join('.');
  return {
    kind: 'refused',
    reason: `it reads all rows of ${used}, and of every other table with the domain, while nobody can write to them`,
    instead: isNotNull(alter.subtype, alter.def)
      ? 'set each column of the type not null, with `alter table … alter column … set not null`'
      : `for new values, \`alter domain ${domain} add constraint … not valid\`; for all rows, a check of each table with ` +
        '`alter table … add constraint … check (…)`',
  };
};

function isNotNull(subtype: string | undefined, def: Parameters<typeof asKind>[0] | undefined): boolean {
  return (
    subtype === SET_NOT_NULL || (def !== undefined && asKind(def, 'Constraint')?.contype === 'CONSTR_NOTNULL')
  );
}
