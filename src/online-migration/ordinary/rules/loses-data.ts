import { asKind } from '../../sql/statements.ts';
import type { Rule, Verdict } from '../planning/rule.ts';
import { settingIn } from './session-state.ts';
import { tableCommandOf } from '../planning/table-command.ts';
import { tableInUse } from '../planning/verdicts.ts';

/**
 * Statements that take away more than they name, or lock a table for as long as it is copied: refused.
 */
export const losesData: Rule = async (statement, context) => {
  const { tree } = statement;
  if (asKind(tree, 'DropdbStmt') !== undefined) return refused('it drops a database', 'do that by hand');
  const vacuum = asKind(tree, 'VacuumStmt');
  const isFull = vacuum?.options?.some((option) => asKind(option, 'DefElem')?.defname === 'full');
  if (isFull || asKind(tree, 'ClusterStmt') !== undefined) {
    return refused(
      'it rewrites the table while nobody can use it',
      'use pg_repack, which rewrites it beside the traffic',
    );
  }
  if (settingIn(tree)?.name === 'session_replication_role') {
    return refused(
      'no trigger and no foreign key works in its session',
      context.isOtherTool ? 'leave it out' : 'leave it out; for MikroORM: `disableForeignKeys: false`',
    );
  }
  if (asKind(tree, 'TransactionStmt') !== undefined) {
    return refused('the migrator opens and ends the transactions', 'leave it out');
  }
  const moved = asKind(tree, 'AlterObjectSchemaStmt');
  if (
    moved?.objectType === 'OBJECT_TABLE' &&
    moved.relation !== undefined &&
    (await tableInUse(moved.relation, context)) !== undefined
  ) {
    return moved.newschema === PARTITION_SWAP
      ? refused(
          'it is the first of the statements with which MikroORM makes a partitioned table of it: they copy all rows while nobody can use ' +
            'the table, and the new sequence begins at 1',
          'make the partitioned table under another name, keep both equal with a trigger, fill it in batches, and exchange the names',
        )
      : refused(
          'running processes no longer find the table',
          'make a view of it in the new schema, and move the table when no process uses the old name',
        );
  }
  const alter = tableCommandOf(statement);
  const dropped = DROPPED[alter?.command.subtype ?? ''];
  if (alter?.command.behavior === 'DROP_CASCADE' && dropped !== undefined) {
    return refused(
      `\`cascade\` also drops the dependents of the ${dropped}, such as foreign keys and views of others`,
      `drop the dependents one by one, then the ${dropped} without \`cascade\``,
    );
  }
  const hazard = HAZARDS[alter?.command.subtype ?? ''];
  if (alter === undefined || hazard === undefined) return undefined;
  const table = await tableInUse(alter.table, context);
  if (table === undefined || (table.kind === 'p' && FOR_NEW_PARTITIONS.has(alter.command.subtype)))
    return undefined;
  return refused(...hazard);
};

/** MikroORM parks a table in this schema while it copies its rows into a partitioned one. */
const PARTITION_SWAP = 'mikro_orm_partition_swap';

/** Commands of `alter table` that can drop dependents. */
const DROPPED: Record<string, string> = { AT_DropColumn: 'column', AT_DropConstraint: 'constraint' };

const COPIES = 'it copies the whole table while nobody can use it';

/** Commands of `alter table` on a table in use: the reason, and the safe way. */
const HAZARDS: Record<string, [reason: string, instead: string]> = {
  AT_SetLogged: [COPIES, 'make a new table, and fill it in batches'],
  AT_SetUnLogged: [COPIES, 'make a new table, and fill it in batches'],
  AT_SetTableSpace: [COPIES, 'use pg_repack, which can move it to another tablespace'],
  AT_SetAccessMethod: [COPIES, 'make a new table, and fill it in batches'],
  AT_DisableTrigAll: ['rows that violate foreign keys can come in', 'disable the triggers by name'],
  AT_DisableTrigUser: [
    'the triggers are off for everybody',
    'disable the triggers by name, or set a flag that they read',
  ],
};

/** Commands that only concern later partitions, if the table is partitioned. */
const FOR_NEW_PARTITIONS = new Set<string | undefined>(['AT_SetTableSpace', 'AT_SetAccessMethod']);

function refused(reason: string, instead: string): Verdict {
  return { kind: 'refused', reason, instead };
}
