import { escapeIdentifier } from 'pg';
import { asKind } from '../../sql/statements.ts';
import { chooseName } from '../planning/choose-name.ts';
import { besideName } from '../planning/relation-names.ts';
import type { Rule } from '../planning/rule.ts';
import { buildIndex, dropIndex, locked } from '../planning/step.ts';
import { tableInUse, written } from '../planning/verdicts.ts';

/**
 * `create index` of a name that an earlier statement drops. In between, the queries that need it would read the whole table.
 *
 * 1. `create index concurrently`, under another name.
 * 2. `drop index concurrently` of the old one.
 * 3. Give the new one the name: SHARE UPDATE EXCLUSIVE on the index, a change of the catalog.
 */
export const replaceIndex: Rule = async ({ tree }, context) => {
  const index = asKind(tree, 'IndexStmt');
  if (context.replaces === undefined || index?.relation === undefined || index.idxname === undefined)
    return undefined;
  const { relation } = index;
  const table = await tableInUse(relation, context);
  if (table === undefined || table.kind === 'p') return undefined;
  const name = besideName(relation, index.idxname);
  const idxname = await chooseName(context, { ...relation, relname: index.idxname }, ['replacement']);
  const interim = besideName(relation, idxname);
  const { if_not_exists: _, ...definition } = index;
  return written({ IndexStmt: { ...definition, idxname, concurrent: true } }, context, (sql) => ({
    kind: 'steps',
    reason: 'it reads the whole table while nobody can write to it, and until it ends no index is there',
    steps: [
      buildIndex(sql, interim, table.name),
      dropIndex(`drop index concurrently if exists ${name}`, name, [table.name]),
      locked(
        `alter index ${interim} rename to ${escapeIdentifier(index.idxname!)}`,
        [table.name],
        'SHARE UPDATE EXCLUSIVE',
      ),
    ],
  }));
};
