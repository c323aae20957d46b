import { escapeLiteral } from 'pg';
import type { InstantChange } from './instant-change.ts';

/** Rewriting a table of this size takes about a second. */
export const LARGEST_REWRITE_MB = 32;
const LOCK_TIMEOUT = '100ms';

/** The SQL of one direction. */
export interface Direction {
  /** Settings of the transaction. */
  readonly settings: readonly string[];
  /** Statements of PL/pgSQL that refuse the change; empty if nothing can be lost. */
  readonly guards: readonly string[];
  readonly alter: string;
  /** Statements that set again the properties that `alter` has reset. */
  readonly restored: readonly string[];
  /** Runs after the transaction. */
  readonly analyze: string;
}

/** The SQL of a change that is made at once, and of its way back. */
export function directionsOf(instant: InstantChange): Readonly<Record<'up' | 'down', Direction>> {
  const { oldColumn, newColumn } = instant.plan.change;
  return {
    up: direction(instant, newColumn.type, []),
    down: instant.isDownInstant
      ? direction(instant, oldColumn.type, [])
      : direction(instant, oldColumn.type, guardsOf(instant), true),
  };
}

function direction(
  { table, column, collation, reset, zone }: InstantChange,
  type: string,
  guards: readonly string[],
  isCast = false,
): Direction {
  const collate = collation === null ? '' : ` collate ${collation}`;
  const using = isCast ? ` using ${column}::${type}` : '';
  return {
    settings: [
      `set local lock_timeout = '${LOCK_TIMEOUT}'`,
      ...(zone === null ? [] : [`set local timezone = ${escapeLiteral(zone)}`]),
      // Rows that a policy hides would be cast without a check.
      ...(guards.length === 0 ? [] : ['set local row_security = off']),
    ],
    guards,
    alter: `alter table ${table} alter column ${column} type ${type}${collate}${using}`,
    restored: reset.settings,
    analyze: `analyze ${table} (${reset.analyzed.join(', ')})`,
  };
}

/** The way back rewrites the table under the lock: it refuses a large table, and values that would change. */
function guardsOf({ table, column, plan }: InstantChange): string[] {
  const { change } = plan;
  const { oldColumn, newColumn } = change;
  const large =
    `${change.table.name} is larger than ${LARGEST_REWRITE_MB} MB, and PostgreSQL would rewrite it under an exclusive lock. ` +
    `Write a column change back: npx online-migration new --table ${shellWord(`${change.table.schema}.${change.table.name}`)} ` +
    `--column ${shellWord(oldColumn.name)} --to ${shellWord(oldColumn.type)}`;
  const changed = `${oldColumn.name} has values that ${oldColumn.type} cannot keep. Correct them first.`;
  const place = escapeLiteral(table);
  return [
    `if pg_table_size(${place}) + coalesce((select sum(pg_table_size(relid)) from pg_partition_tree(${place}) where isleaf), 0)
    > pg_size_bytes('${LARGEST_REWRITE_MB} MB')
  then
    raise exception using message = ${escapeLiteral(large)};
  end if`,
    `lock table ${table} in access exclusive mode`,
    `if exists (
    select from ${table} as stored
    where stored.${column}::${oldColumn.type}::${newColumn.type} is distinct from stored.${column}
  ) then
    raise exception using message = ${escapeLiteral(changed)};
  end if`,
  ];
}

/** One statement that runs a direction in a transaction of its own. */
export function asBlock({ settings, guards, alter, restored }: Direction): string {
  return block([...settings, ...guards, alter, ...restored]);
}

/** A script that runs a direction. */
export function asScript({ settings, guards, alter, restored, analyze }: Direction): string {
  const guarded = guards.length === 0 ? [] : [block(guards)];
  return ['begin', ...settings, ...guarded, alter, ...restored, 'commit', analyze]
    .map((statement) => `${statement};\n`)
    .join('');
}

function block(statements: readonly string[]): string {
  const body = statements.map((statement) => `  ${statement};\n`).join('');
  // A name can contain the tag.
  let tag = '$migration$';
  while (body.includes(tag)) tag = `${tag.slice(0, -1)}_$`;
  return `do ${tag}\nbegin\n${body}end\n${tag}`;
}

/** A word of a command for people. */
function shellWord(text: string): string {
  return /^[\w.]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
