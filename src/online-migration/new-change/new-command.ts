import { inShell } from '../change/shell-word.ts';
import type { WantedChange } from './plan-change.ts';
import { asSql } from './sql-name.ts';

/**
 * The command that writes a change of some of the wanted columns, for a shell.
 * @param columns as in the catalog
 */
export function newCommand(wanted: WantedChange, columns: readonly string[]): string {
  const { table, from, to, zone, renameInContract } = wanted;
  return [
    `npx online-migration new --table ${inShell(table)} ${columnsOption(columns)}`,
    ...(from === undefined ? [] : [`--from ${inShell(from)}`]),
    `--to ${inShell(typeof to === 'string' ? to : to[0]!)}`,
    ...(zone === undefined ? [] : [`--zone ${inShell(zone)}`]),
    ...(renameInContract ? ['--rename-in-contract'] : []),
  ].join(' ');
}

/**
 * The option for some columns: `--column total`, `--columns created_at,updated_at`.
 * @param columns as in the catalog
 */
export function columnsOption(columns: readonly string[]): string {
  const [first = '', ...others] = columns;
  return others.length === 0
    ? `--column ${inShell(first)}`
    : `--columns ${inShell(columns.map((column) => asSql(column)).join(','))}`;
}
