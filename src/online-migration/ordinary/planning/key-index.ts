import type { Constraint, Node, RangeVar } from 'libpg-query';
import { escapeIdentifier } from 'pg';
import { listOf } from './relation-names.ts';
import { MOST_ROWS } from './row-label.ts';
import { find, type Step } from './step.ts';
import { stringsOf } from './table-command.ts';
import { fromOf, type TableFacts } from './table-facts.ts';

/** The constraint with an index that is there. */
export function constraintUsing(key: Constraint, conname: string, indexname: string): Constraint {
  const { contype, deferrable, initdeferred, location, is_enforced, initially_valid } = key;
  return {
    contype: contype!,
    conname,
    indexname,
    ...(deferrable && { deferrable }),
    ...(initdeferred && { initdeferred }),
    ...(is_enforced !== undefined && { is_enforced }),
    ...(initially_valid !== undefined && { initially_valid }),
    ...(location !== undefined && { location }),
  };
}

/** The statement that builds the index of a key beside the traffic. */
export function uniqueIndexOf(key: Constraint, idxname: string, relation: RangeVar): Node {
  const { options, including, indexspace, nulls_not_distinct } = key;
  return {
    IndexStmt: {
      idxname,
      relation: { ...relation, inh: true },
      accessMethod: 'btree',
      indexParams: elements(key.keys),
      ...(including && { indexIncludingParams: elements(including) }),
      ...(options && { options }),
      ...(indexspace && { tableSpace: indexspace }),
      unique: true,
      concurrent: true,
      ...(nulls_not_distinct && { nulls_not_distinct }),
    },
  };
}

function elements(keys: Constraint['keys']): Node[] {
  return stringsOf(keys).map((name) => ({
    IndexElem: { name, ordering: 'SORTBY_DEFAULT', nulls_ordering: 'SORTBY_NULLS_DEFAULT' },
  }));
}

/** The search for values that occur twice. */
export function findDuplicates(table: TableFacts, columns: readonly string[], nullsAreEqual: boolean): Step {
  const list = listOf(columns);
  const given = nullsAreEqual
    ? ''
    : ` where ${columns.map((name) => `${escapeIdentifier(name)} is not null`).join(' and ')}`;
  const query = `select count(*) || ' rows' as found from ${fromOf(table)}${given} group by ${list} having count(*) > 1 limit ${MOST_ROWS}`;
  return find(
    query,
    [table.name],
    `Rows of ${table.name} have the same ${list}: correct them. (\`select ${list}, count(*) from ${table.name} group by ${list} having count(*) > 1\` lists the values.)`,
  );
}
