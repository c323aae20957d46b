import { escapeLiteral } from 'pg';
import { inShell } from '../../change/shell-word.ts';
import { columnsOption } from '../new-command.ts';
import type { InstantChange } from './instant-change.ts';
import type { InstantColumn } from './instant-column.ts';

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
  return {
    up: direction(instant, 'up', []),
    down: direction(instant, 'down', instant.isDownInstant ? [] : guardsOf(instant)),
  };
}

function direction(
  { table, columns, zone }: InstantChange,
  way: 'up' | 'down',
  guards: readonly string[],
): Direction {
  // Extended statistics can have several of the columns.
  const analyzed = new Set([
    ...columns.map(({ column }) => column),
    ...columns.flatMap(({ reset }) => reset.analyzed),
  ]);
  return {
    settings: [
      `set local lock_timeout = '${LOCK_TIMEOUT}'`,
      ...(zone === null ? [] : [`set local timezone = ${escapeLiteral(zone)}`]),
      // Rows that a policy hides would be cast without a check.
      ...(guards.length === 0 ? [] : ['set local row_security = off']),
    ],
    guards,
    alter: `alter table ${table} ${columns.map((column) => alterColumn(column, way)).join(', ')}`,
    restored: columns.flatMap(({ reset }) => reset.settings),
    analyze: `analyze ${table} (${[...analyzed].join(', ')})`,
  };
}

function alterColumn({ planned, column, isDownInstant }: InstantColumn, way: 'up' | 'down'): string {
  const { change, facts } = planned;
  const type = way === 'up' ? change.newColumn.type : change.oldColumn.type;
  const collate = facts.collation === null ? '' : ` collate ${facts.collation}`;
  const using = way === 'down' && !isDownInstant ? ` using ${column}::${type}` : '';
  return `alter column ${column} type ${type}${collate}${using}`;
}

/** The way back rewrites the table under the lock: it refuses a large table, and values that would change. */
function guardsOf({ table, columns, plan }: InstantChange): string[] {
  const { change } = plan;
  const large =
    `${change.table.name} is larger than ${LARGEST_REWRITE_MB} MB, and PostgreSQL would rewrite it under an exclusive lock. ` +
    `Write a column change back: ${commandsBack(plan).join(' and ')}`;
  const place = escapeLiteral(table);
  return [
    `if pg_table_size(${place}) + coalesce((select sum(pg_table_size(relid)) from pg_partition_tree(${place}) where isleaf), 0)
    > pg_size_bytes('${LARGEST_REWRITE_MB} MB')
  then
    raise exception using message = ${escapeLiteral(large)};
  end if`,
    `lock table ${table} in access exclusive mode`,
    ...columns.filter(({ isDownInstant }) => !isDownInstant).map((column) => valuesGuard(table, column)),
  ];
}

function valuesGuard(table: string, { planned, column }: InstantColumn): string {
  const { oldColumn, newColumn } = planned.change;
  const changed = `${oldColumn.name} has values that ${oldColumn.type} cannot keep. Correct them first.`;
  return `if exists (
    select from ${table} as stored
    where stored.${column}::${oldColumn.type}::${newColumn.type} is distinct from stored.${column}
  ) then
    raise exception using message = ${escapeLiteral(changed)};
  end if`;
}

/** The commands that write column changes back, one for each type that the columns have had. */
function commandsBack({ change: { table }, columns }: InstantChange['plan']): string[] {
  const types = new Set(columns.map(({ facts }) => facts.type));
  return [...types].map((type) => {
    const names = columns.filter(({ facts }) => facts.type === type).map(({ facts }) => facts.name);
    return (
      `npx online-migration new --table ${inShell(`${table.schema}.${table.name}`)} ` +
      `${columnsOption(names)} --to ${inShell(type)}`
    );
  });
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
