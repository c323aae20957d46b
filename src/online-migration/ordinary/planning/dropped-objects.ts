import type { RangeVar } from 'libpg-query';
import { asKind, type NodeOf } from '../../sql/statements.ts';
import { stringsOf } from './table-command.ts';

/** The tables, views or sequences that a statement drops. */
export function droppedRelations({ objects }: NodeOf<'DropStmt'>): RangeVar[] {
  return (objects ?? []).flatMap((object) => {
    const [schemaname, relname] = [undefined, ...stringsOf(asKind(object, 'List')?.items)].slice(-2);
    return relname === undefined ? [] : { relname, ...(schemaname !== undefined && { schemaname }) };
  });
}
