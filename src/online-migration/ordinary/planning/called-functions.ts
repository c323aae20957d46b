import type { Node } from 'libpg-query';
import { asKind } from '../../sql/statements.ts';
import { stringsOf } from './table-command.ts';

/** The names of the functions that a tree calls, without their schemas. */
export function functionsIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  const called = 'FuncCall' in part ? asKind(part as Node, 'FuncCall') : undefined;
  const own = called === undefined ? [] : stringsOf(called.funcname).slice(-1);
  return [...own, ...Object.values(part).flatMap(functionsIn)];
}
