import type { Node, RangeVar } from 'libpg-query';
import { escapeIdentifier } from 'pg';
import { asKind, type NodeOf } from '../../sql/statements.ts';
import { writeStatement } from '../../sql/write-statement.ts';
import { droppedRelations } from '../planning/dropped-objects.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { Dependent } from '../planning/catalog.ts';
import type { Rule, RuleContext, Verdict } from '../planning/rule.ts';
import { stringsOf } from '../planning/table-command.ts';
import { asWritten } from '../planning/verdicts.ts';
import { dropForeignKeys } from './drop-foreign-keys.ts';

const KINDS: Record<string, string> = {
  OBJECT_TABLE: 'table',
  OBJECT_SCHEMA: 'schema',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'domain',
  OBJECT_EXTENSION: 'extension',
  OBJECT_MATVIEW: 'materialized view',
  OBJECT_PROCEDURE: 'procedure',
  OBJECT_AGGREGATE: 'aggregate',
  OBJECT_OPERATOR: 'operator',
  OBJECT_OPCLASS: 'operator class',
  OBJECT_COLLATION: 'collation',
  OBJECT_FOREIGN_TABLE: 'foreign table',
  OBJECT_FUNCTION: 'function',
  OBJECT_VIEW: 'view',
  OBJECT_SEQUENCE: 'sequence',
};

/**
 * `drop … cascade`: it also drops dependents that it does not name, such as foreign keys and views of others.
 *
 * 1. If there are dependents that no earlier statement drops, it is refused with their names.
 * 2. Without dependents, the statement runs without `cascade`, behind the drop of its foreign keys. If a dependent comes in between, the
 *    statement fails.
 */
export const dropCascade: Rule = async (statement, context) => {
  const drop = asKind(statement.tree, 'DropStmt');
  const kind = KINDS[drop?.removeType ?? ''];
  if (drop?.behavior !== 'DROP_CASCADE' || kind === undefined) return undefined;
  // One that an earlier statement makes has nothing of others in it.
  if (drop.removeType === 'OBJECT_SCHEMA' && !(await context.catalog.hasSchema(stringsOf(drop.objects))))
    return asWritten();
  const names = namesIn(drop);
  const dependents = await context.catalog.findDependents(drop.removeType ?? '', names);
  if (dependents === null) return refused(kind, []);
  const left = dependents.filter((dependent) => !isGone(dependent, context.made));
  if (left.length > 0)
    return refused(
      kind,
      left.map(({ description }) => description),
    );
  const restricted: Node = { DropStmt: { ...drop, behavior: 'DROP_RESTRICT' } };
  const sql = writeStatement(context.parser, restricted);
  const withKeys =
    sql === null ? undefined : await dropForeignKeys({ ...statement, text: sql, tree: restricted }, context);
  if (withKeys !== undefined) return withKeys;
  return { ...asWritten(...(kind === 'table' ? names : [])), ...(sql !== null && { sql }) };
};

function refused(kind: string, dependents: readonly string[]): Verdict {
  const list = dependents.length === 0 ? '' : `: ${dependents.join(', ')}`;
  return {
    kind: 'refused',
    reason: `\`cascade\` also drops the dependents of the ${kind}, such as foreign keys and views of others${list}`,
    instead: `drop the dependents one by one, then the ${kind} without \`cascade\``,
  };
}

/** The names of the dropped objects, quoted. */
function namesIn(drop: NodeOf<'DropStmt'>): string[] {
  if (drop.removeType !== 'OBJECT_TYPE' && drop.removeType !== 'OBJECT_DOMAIN')
    return droppedRelations(drop).map(nameOf);
  return (drop.objects ?? []).map((object) =>
    stringsOf(asKind(object, 'TypeName')?.names).map(escapeIdentifier).join('.'),
  );
}

function isGone({ constraint, schema, relation, column }: Dependent, made: RuleContext['made']): boolean {
  if (constraint !== null && made.isTaken(constraint) === false) return true;
  if (schema === null || relation === null) return false;
  const forms: readonly RangeVar[] = [{ relname: relation }, { schemaname: schema, relname: relation }];
  return forms.some((form) => made.isDropped(form) || (column !== null && made.hasDropped(form, column)));
}
