import { escapeIdentifier, escapeLiteral } from 'pg';
import { asKind, type Statement } from '../../sql/statements.ts';
import { chooseName } from '../planning/choose-name.ts';
import { identityOf } from '../planning/identity-swaps.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { Rule, Verdict } from '../planning/rule.ts';
import { locked, type Step } from '../planning/step.ts';
import { stringsOf, tableCommandOf } from '../planning/table-command.ts';
import { onFreeTable, tableInUse } from '../planning/verdicts.ts';

/**
 * `add generated … as identity` in place of a sequence: the new sequence begins at 1, so the next inserts get numbers that are taken. And
 * between the statements, an insert gets no number.
 *
 * 1. In one transaction: drop the default, add the identity, and give its sequence the last value of the old one. If the migration
 *    drops the old one, it has another name until then, because the new one gets its name.
 *
 * Without an old sequence, or a start above the numbers that are there: refused.
 */
export const addIdentity: Rule = async (statement, context) => {
  const added = identityOf(statement);
  const alter = tableCommandOf(statement);
  if (added === undefined || alter === undefined) return undefined;
  const table = await tableInUse(added.table, context);
  if (table === undefined) return onFreeTable(added.table, context);
  const options = (asKind(alter.command.def, 'Constraint')?.options ?? []).map((option) =>
    asKind(option, 'DefElem'),
  );
  const { absorbs } = context;
  const steps = (...statements: string[]): Verdict => ({
    kind: 'steps',
    reason: 'its sequence would begin at 1, and an insert in between would have no number',
    steps: [{ ...locked(statement.text, [table.name]), statements } as Step],
  });
  const begins = options.some((option) => option?.defname === 'start' || option?.defname === 'restart');
  if (begins) return steps(...absorbs.map(({ text }) => text), statement.text);
  const [dropDefault, ...dropSequences] = absorbs;
  const old =
    dropDefault && (await context.catalog.findSequence(context.made.inCatalog(added.table), added.column));
  if (dropDefault === undefined || old === undefined) {
    return {
      kind: 'refused',
      reason: 'its sequence begins at 1, so the next inserts get numbers that are taken',
      instead: `write \`generated … as identity (start with …)\` with a start above the largest ${added.column}`,
    };
  }
  const [dropOld, others] = [dropSequences.filter(dropsOld), dropSequences.filter((one) => !dropsOld(one))];
  const isDropped = dropOld.length > 0;
  const inSchema = (name: string) => nameOf({ ...old, relname: name });
  const kept = isDropped
    ? await chooseName(context, added.table, [added.column, 'seq_replaced'])
    : old.relname!;
  if (isDropped) context.made.free(old.relname!);
  const given = asKind(options.find((option) => option?.defname === 'sequence_name')?.arg, 'List');
  const own =
    stringsOf(given?.items).at(-1) ?? (await chooseName(context, added.table, [added.column, 'seq']));
  const made = nameOf({ schemaname: table.schema, relname: own });
  return steps(
    dropDefault.text,
    ...(isDropped ? [`alter sequence ${inSchema(old.relname!)} rename to ${escapeIdentifier(kept)}`] : []),
    statement.text,
    `select setval(${escapeLiteral(made)}, last_value, is_called) from ${inSchema(kept)}`,
    ...(isDropped ? [`drop sequence ${inSchema(kept)}`] : []),
    ...others.map(({ text }) => text),
  );

  function dropsOld({ tree }: Statement): boolean {
    return (asKind(tree, 'DropStmt')?.objects ?? []).some((object) => {
      const [schema = old!.schemaname, name] = [undefined, ...stringsOf(asKind(object, 'List')?.items)].slice(
        -2,
      );
      return name === old!.relname && schema === old!.schemaname;
    });
  }
};
