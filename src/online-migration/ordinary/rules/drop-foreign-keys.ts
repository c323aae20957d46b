import { escapeIdentifier } from 'pg';
import { asKind, type Statement } from '../../sql/statements.ts';
import type { DroppedParts, ForeignKeyFacts } from '../planning/catalog.ts';
import { droppedRelations } from '../planning/dropped-objects.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { Rule, RuleContext } from '../planning/rule.ts';
import { locked, type Step } from '../planning/step.ts';
import { type TableCommand, tableCommandOf } from '../planning/table-command.ts';
import { tableInUse } from '../planning/verdicts.ts';

/**
 * `drop table`, `drop column`, `drop constraint` with foreign keys: ACCESS EXCLUSIVE also on each table that they refer to. All of them are
 * locked until the last lock is granted, and until the transaction ends.
 *
 * 1. Drop each foreign key, in a transaction of its own.
 * 2. The statement as it is, alone in its transaction.
 */
export const dropForeignKeys: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  const dropped = alter === undefined ? droppedTables(statement) : droppedPart(alter);
  const keys = dropped === undefined ? [] : await foreignKeysOf(dropped, context);
  const used: ForeignKeyFacts[] = [];
  for (const key of keys) if (await isUsed(key, context)) used.push(key);
  if (dropped === undefined || used.length === 0) return undefined;
  const { tables, constraint } = dropped;
  const names = tables.map(nameOf);
  const isKeyItself = constraint !== undefined;
  const first: Step[] = isKeyItself
    ? []
    : used.map(({ table, other, name }) =>
        locked(`alter table ${table} drop constraint ${escapeIdentifier(name)}`, [table, other]),
      );
  return {
    kind: 'steps',
    reason: 'it also locks the tables that its foreign keys refer to',
    steps: [
      ...first,
      locked(statement.text, isKeyItself ? [...names, ...used.map(({ other }) => other)] : names),
    ],
  };
};

function droppedPart({ table, command }: TableCommand): DroppedParts | undefined {
  if (command.behavior === 'DROP_CASCADE' || command.name === undefined) return undefined;
  if (command.subtype === 'AT_DropColumn') return { tables: [table], column: command.name };
  return command.subtype === 'AT_DropConstraint' ? { tables: [table], constraint: command.name } : undefined;
}

function droppedTables({ tree }: Statement): DroppedParts | undefined {
  const drop = asKind(tree, 'DropStmt');
  if (drop?.removeType !== 'OBJECT_TABLE' || drop.behavior === 'DROP_CASCADE') return undefined;
  return { tables: droppedRelations(drop) };
}

/** The foreign keys that go with the dropped objects; none if PostgreSQL refuses the statement. */
async function foreignKeysOf(
  dropped: DroppedParts,
  { catalog, made }: RuleContext,
): Promise<readonly ForeignKeyFacts[]> {
  // The keys' statements would name the table as it was.
  if (dropped.tables.some((table) => made.inCatalog(table) !== table)) return [];
  const there = dropped.tables.filter((table) => !made.has(table));
  const keys = await catalog.findForeignKeys({ ...dropped, tables: there });
  const left = keys.filter(
    ({ name, schema, relname }) => made.isTaken(name) !== false && !made.isGone(schema, relname),
  );
  return left.every(({ isWithin }) => isWithin) ? left : [];
}

/** Whether somebody misses the table that a foreign key refers to. */
async function isUsed({ otherSchema, otherName }: ForeignKeyFacts, context: RuleContext): Promise<boolean> {
  return (await tableInUse({ schemaname: otherSchema, relname: otherName }, context)) !== undefined;
}
