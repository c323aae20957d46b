import type { Node, RangeVar } from 'libpg-query';
import { asKind } from '../../sql/statements.ts';
import { droppedRelations } from './dropped-objects.ts';

/** A table becomes a partition of another, or a table of its own, or is gone. */
export interface Partitioning {
  readonly isAttached: boolean;
  /** The partitioned table; the partition itself if it is dropped. */
  readonly parent: RangeVar;
  readonly partition: RangeVar;
  readonly isPartitioned: boolean;
  readonly isDefault: boolean;
}

/** The partitions that a statement makes, attaches, detaches and drops. */
export function partitioningsOf(tree: Node): Partitioning[] {
  const none = { isAttached: false, isPartitioned: false, isDefault: false };
  const created = asKind(tree, 'CreateStmt');
  const parent = asKind(created?.inhRelations?.[0], 'RangeVar');
  if (created?.relation !== undefined && created.partbound !== undefined && parent !== undefined) {
    const isDefault = created.partbound.is_default === true;
    const isPartitioned = created.partspec !== undefined;
    return [{ isAttached: true, parent, partition: created.relation, isPartitioned, isDefault }];
  }
  const drop = asKind(tree, 'DropStmt');
  if (drop?.removeType === 'OBJECT_TABLE')
    return droppedRelations(drop).map((relation) => ({ ...none, parent: relation, partition: relation }));
  const alter = asKind(tree, 'AlterTableStmt');
  return (alter?.cmds ?? []).flatMap((node) => {
    const command = asKind(node, 'AlterTableCmd');
    const { name, bound } = asKind(command?.def, 'PartitionCmd') ?? {};
    const isAttached = command?.subtype === 'AT_AttachPartition';
    if (name === undefined || !(isAttached || command?.subtype === 'AT_DetachPartition')) return [];
    const isDefault = bound?.is_default === true;
    return [{ ...none, isAttached, isDefault, parent: alter!.relation!, partition: name }];
  });
}
