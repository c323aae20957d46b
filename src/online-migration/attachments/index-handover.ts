import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import { type IndexPartition, type IndexRoles, mirrorOf, readIndexPartitions } from './index-partitions.ts';
import type { CarriedIndex } from './indexes.ts';
import { readKeyDefinition } from './partitioned-keys.ts';
import { keyIndexName, mirrorName } from './table-column.ts';

/** An index, or the index of one partition, that gets its name and its roles from the one before it. */
interface Successor extends IndexRoles {
  /** Schema and name, quoted. */
  readonly table: string;
  /** Quoted. */
  readonly schema: string;
  readonly name: string;
}

/**
 * The statements that drop an index and give its name and its roles to its copy, under the table's lock. They only change the
 * catalog.
 */
export async function indexHandover(database: Queryable, index: CarriedIndex): Promise<string[]> {
  const { schema, name, constraint, isPartitioned } = index;
  if (isPartitioned) {
    const tree = await readIndexPartitions(database, schema, name);
    return constraint === null
      ? partitionedIndex(index, tree, await readIndexPartitions(database, schema, mirrorName(name)))
      : partitionedKey(index, tree, (await readKeyDefinition(database, mirrorOf(index)))!);
  }
  if (constraint !== null) {
    return [dropKey(index), addKey(index, constraint, mirrorName(name)), ...roleStatements(index)];
  }
  return [dropIndex(index, name), renameIndex(index, mirrorName(name)), ...roleStatements(index)];
}

/** The copies of the partitions are attached to that of the table, and each gets the name that the partition's index had. */
function partitionedIndex(
  index: CarriedIndex,
  tree: readonly IndexPartition[],
  copies: readonly IndexPartition[],
): string[] {
  return [
    dropIndex(index, index.name),
    ...tree.flatMap((one) => {
      const copy = copies.find(({ table }) => table === one.table);
      if (copy === undefined) return [];
      return [renameIndex(one, copy.name), ...parameterStatements(one, tree[0]!), ...roleStatements(one)];
    }),
  ];
}

/**
 * PostgreSQL cannot turn the index of a partitioned table into a key, nor detach the indexes of its partitions. So each
 * partition that stores rows has one more index, which becomes its key and is attached to the key of the table.
 * @param definition of the key for the other columns
 */
function partitionedKey(index: CarriedIndex, tree: readonly IndexPartition[], definition: string): string[] {
  const key = index.constraint!;
  return [
    dropKey(index),
    dropIndex(index, mirrorName(index.name)),
    ...tree.map((one) =>
      one.isPartitioned
        ? `alter table only ${one.table} add constraint ${escapeIdentifier(one.name)} ${key} ${definition}` +
          (one.tablespace === null ? '' : ` using index tablespace ${escapeIdentifier(one.tablespace)}`)
        : addKey(one, key, keyIndexName(one.name)),
    ),
    ...tree.flatMap((one) => {
      const parent = tree.find(({ table }) => table === one.parent);
      return parent === undefined
        ? []
        : [`alter index ${qualified(parent)} attach partition ${qualified(one)}`];
    }),
    ...tree.flatMap((one) => [...parameterStatements(one, tree[0]!), ...roleStatements(one)]),
  ];
}

function qualified({ schema, name }: Pick<Successor, 'schema' | 'name'>): string {
  return `${schema}.${escapeIdentifier(name)}`;
}

function dropKey({ table, name }: Successor): string {
  return `alter table ${table} drop constraint ${escapeIdentifier(name)}`;
}

function addKey({ table, name }: Successor, key: string, copy: string): string {
  return `alter table ${table} add constraint ${escapeIdentifier(name)} ${key} using index ${escapeIdentifier(copy)}`;
}

function dropIndex({ schema }: Successor, name: string): string {
  return `drop index ${schema}.${escapeIdentifier(name)}`;
}

function renameIndex({ schema, name }: Successor, copy: string): string {
  return `alter index ${schema}.${escapeIdentifier(copy)} rename to ${escapeIdentifier(name)}`;
}

/** A copy begins with the storage parameters of the partitioned table's index. An index of a partition can have its own. */
function parameterStatements(one: IndexPartition, top: IndexPartition): string[] {
  if (one.isPartitioned) return [];
  const names = one.parameters.map(parameterName);
  const added = one.parameters.filter((parameter) => !top.parameters.includes(parameter));
  const removed = top.parameters.map(parameterName).filter((name) => !names.includes(name));
  return [
    ...(added.length === 0 ? [] : [`alter index ${qualified(one)} set (${added.join(', ')})`]),
    ...(removed.length === 0 ? [] : [`alter index ${qualified(one)} reset (${removed.join(', ')})`]),
  ];
}

/** `fillfactor=60` */
function parameterName(parameter: string): string {
  return parameter.slice(0, parameter.indexOf('='));
}

function roleStatements(index: Successor): string[] {
  const { table, name, comment, constraintComment } = index;
  const quoted = escapeIdentifier(name);
  return [
    ...(index.isClustered ? [`alter table ${table} cluster on ${quoted}`] : []),
    ...(index.isReplicaIdentity ? [`alter table ${table} replica identity using index ${quoted}`] : []),
    ...index.statistics.map(
      ({ place, target }) => `alter index ${qualified(index)} alter column ${place} set statistics ${target}`,
    ),
    ownComment(`index ${qualified(index)}`, comment),
    ...(constraintComment === null
      ? []
      : [ownComment(`constraint ${quoted} on ${table}`, constraintComment)]),
  ];
}

/** In place of the comment of a copy. */
export function ownComment(what: string, comment: string | null): string {
  return `comment on ${what} is ${comment === null ? 'null' : escapeLiteral(comment)}`;
}
