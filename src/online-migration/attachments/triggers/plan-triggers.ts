import { escapeIdentifier, escapeLiteral } from 'pg';
import { hasWayBack } from '../../change/changed-column.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { changeNamesOf } from '../../change/names.ts';
import { EMPTY_PLAN, type LockedPlan } from '../../postgres/exclusive-lock.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { recordDefinitionsStatement } from '../../state/definitions.ts';
import { otherSide, type Side } from '../../sync/filled-column.ts';
import { withCatalogSearchPath } from '../catalog-search-path.ts';
import { columnNames, lendNames, lentName, returnNames } from '../under-other-name.ts';
import { type ColumnTrigger, readColumnTriggers, REST } from './column-triggers.ts';
import { testing, translateConditions } from './translate-conditions.ts';
import { createTrigger, type ListedSides, listedColumns } from './trigger-definition.ts';

/** The columns that triggers use from a phase on. */
export interface TriggerColumns {
  /** The columns of each pair that lists name. */
  readonly lists: ListedSides;
  /** The columns that conditions use; absent if they stay as they are. */
  readonly conditions?: Side;
}

/** A trigger to make anew. */
interface Remade {
  readonly trigger: ColumnTrigger;
  /** The columns of its list, unquoted. */
  readonly listed: readonly string[];
  /** Its definition behind the table's name. */
  readonly rest: string;
  /** Whether the condition goes to the other column by the other column's name. */
  readonly isUnderLentName: boolean;
  readonly hasOtherCondition: boolean;
}

/**
 * Plans how the triggers that use changed columns are made anew for other columns, under their names. All statements only
 * change the catalog. A condition that does not fit the other type stays as it is.
 *
 * 1. Drop each trigger that changes, and create it with its other list. PostgreSQL cannot replace a constraint trigger.
 * 2. A condition goes to the other columns while they have the first ones' names. One that comes back has its original
 *    text, which names the other columns.
 * 3. For a change that has a way back, record the definitions for both sides.
 */
export async function planTriggers(
  database: Queryable,
  change: ColumnChange,
  columns: TriggerColumns,
): Promise<LockedPlan> {
  const remade = await findRemade(database, change, columns);
  if (remade.length === 0) return EMPTY_PLAN;
  const { table } = changeNamesOf(change);
  const { conditions } = columns;
  const names = conditions === undefined ? [] : columnNames(change, otherSide(conditions));
  const lent = remade.filter(({ isUnderLentName }) => isUnderLentName);
  const moved = remade.filter(({ hasOtherCondition }) => hasOtherCondition);
  return {
    statements: await withCatalogSearchPath(database, [
      ...remade.filter((one) => !lent.includes(one)).flatMap((one) => remake(table, one)),
      ...(lent.length === 0
        ? []
        : [
            ...lendNames(table, names),
            ...lent.flatMap((one) =>
              remake(table, { ...one, listed: one.listed.map((name) => lentName(names, name)) }),
            ),
            ...returnNames(table, names),
          ]),
      ...(conditions === 'new' && moved.length > 0 && hasWayBack(change)
        ? [recordOriginalsStatement(change, moved)]
        : []),
    ]),
    furtherTables: [],
  };
}

async function findRemade(
  database: Queryable,
  change: ColumnChange,
  { lists, conditions }: TriggerColumns,
): Promise<Remade[]> {
  const triggers = await readColumnTriggers(database, change);
  const from = conditions === undefined ? undefined : otherSide(conditions);
  const translated =
    from === undefined
      ? undefined
      : await translateConditions(database, change, from, testing(change, from, triggers));
  return triggers.flatMap((trigger) => {
    if (trigger.rest === null || trigger.extension !== null) return [];
    const listed = listedColumns(change, trigger, lists);
    const found = translated?.get(trigger.name);
    const moved = found !== undefined && 'definition' in found ? found.definition : undefined;
    if (moved === undefined && listed.join('\0') === trigger.listed.join('\0')) return [];
    return [
      {
        trigger,
        listed,
        rest: moved?.rest ?? trigger.rest,
        isUnderLentName: moved?.isOriginal === false,
        hasOtherCondition: moved !== undefined,
      },
    ];
  });
}

function remake(table: string, { trigger, listed, rest }: Remade): string[] {
  return [
    `drop trigger ${escapeIdentifier(trigger.name)} on ${table}`,
    createTrigger(trigger, table, listed, rest),
    ...trigger.properties,
  ];
}

/** Runs when the conditions use the new columns and all columns have their own names. */
function recordOriginalsStatement(change: ColumnChange, moved: readonly Remade[]): string {
  const { table } = changeNamesOf(change);
  const originals = JSON.stringify(moved.map(({ trigger: { name, rest } }) => ({ name, rest })));
  return recordDefinitionsStatement(
    change,
    'trigger',
    `
      select wanted.name, wanted.rest, ${REST}
      from jsonb_to_recordset(${escapeLiteral(originals)}::jsonb) as wanted (name text, rest text)
      join pg_catalog.pg_trigger t on t.tgrelid = to_regclass(${escapeLiteral(table)}) and t.tgname = wanted.name
      join pg_catalog.pg_class c on c.oid = t.tgrelid
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace`,
  );
}
