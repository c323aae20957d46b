import type { Node, RangeVar } from 'libpg-query';
import { escapeIdentifier } from 'pg';
import { asKind, type Kind, type NodeOf, type Statement } from '../../sql/statements.ts';
import { writeStatement } from '../../sql/write-statement.ts';
import { nameOfPostgres } from './choose-name.ts';
import { besideName, nameOf } from './relation-names.ts';
import type { RuleContext } from './rule.ts';
import { buildIndex, detachPartition, dropIndex, type OutsideOfTransaction, reindexTable } from './step.ts';
import { stringsOf, tableCommandOf } from './table-command.ts';

/** Kinds of statements that PostgreSQL refuses in a transaction, whatever they name. */
const OUTSIDE_ONLY: readonly Kind[] = [
  'CreatedbStmt',
  'DropdbStmt',
  'AlterSystemStmt',
  'CreateTableSpaceStmt',
  'DropTableSpaceStmt',
];

/** Whether PostgreSQL refuses the statement in a transaction. */
export function isOutsideOnly(tree: Statement['tree']): boolean {
  const command = asKind(asKind(tree, 'AlterTableStmt')?.cmds?.[0], 'AlterTableCmd');
  const cluster = asKind(tree, 'ClusterStmt');
  return (
    OUTSIDE_ONLY.some((kind) => kind in tree) ||
    asKind(tree, 'IndexStmt')?.concurrent === true ||
    asKind(tree, 'DropStmt')?.concurrent === true ||
    asKind(tree, 'VacuumStmt')?.is_vacuumcmd === true ||
    (cluster !== undefined && cluster.relation === undefined) ||
    isReindexOutside(tree) ||
    asKind(command?.def, 'PartitionCmd')?.concurrent === true
  );
}

function isReindexOutside(tree: Statement['tree']): boolean {
  const reindex = asKind(tree, 'ReindexStmt');
  return (
    reindex !== undefined && (reindex.relation === undefined || hasOption(reindex.params, 'concurrently'))
  );
}

function hasOption(options: readonly Node[] | undefined, name: string): boolean {
  return options?.some((option) => asKind(option, 'DefElem')?.defname === name) ?? false;
}

/**
 * The step for a statement that runs as it is written, outside of a transaction. It is of the kind whose end the catalog tells, so that a run
 * that was interrupted behind it does not repeat it.
 */
export async function outsideStep(statement: Statement, context: RuleContext): Promise<OutsideOfTransaction> {
  const { tree, text } = statement;
  const index = asKind(tree, 'IndexStmt');
  if (index?.relation !== undefined) {
    const built = await indexStep(text, index, index.relation, context);
    if (built !== undefined) return built;
  }
  const [dropped] = asKind(tree, 'DropStmt')?.objects ?? [];
  if (dropped !== undefined) {
    const name = stringsOf(asKind(dropped, 'List')?.items).map(escapeIdentifier).join('.');
    return dropIndex(text, name, []);
  }
  const alter = tableCommandOf(statement);
  const partition = asKind(alter?.command.def, 'PartitionCmd')?.name;
  if (alter !== undefined && partition !== undefined) {
    const [parent, part] = [nameOf(alter.table), nameOf(partition)];
    return detachPartition(text, parent, part, [parent, part]);
  }
  const rebuilt = asKind(tree, 'ReindexStmt');
  if (rebuilt?.relation !== undefined) {
    const isTable = rebuilt.kind === 'REINDEX_OBJECT_TABLE';
    const table = isTable ? rebuilt.relation : await context.catalog.findTableOfIndex(rebuilt.relation);
    if (table !== undefined) return reindexTable(text, nameOf(table));
  }
  const vacuum = asKind(tree, 'VacuumStmt');
  const relations = (vacuum?.rels ?? []).flatMap((each) => {
    const { relation } = asKind(each, 'VacuumRelation') ?? {};
    return relation === undefined ? [] : [nameOf(relation)];
  });
  const isBeside =
    vacuum === undefined ? hasOption(rebuilt?.params, 'concurrently') : !hasOption(vacuum.options, 'full');
  return { kind: 'outside', statements: [text], relations, lock: isBeside ? null : 'ACCESS EXCLUSIVE' };
}

/** An index without a name gets the one of PostgreSQL. Otherwise nobody could tell whether it is there. */
async function indexStep(
  text: string,
  index: NodeOf<'IndexStmt'>,
  relation: RangeVar,
  context: RuleContext,
): Promise<OutsideOfTransaction | undefined> {
  const table = await context.catalog.readTable(context.made.inCatalog(relation));
  const place = (name: string) =>
    table === null ? besideName(relation, name) : nameOf({ schemaname: table.schema, relname: name });
  if (index.idxname !== undefined) return buildIndex(text, place(index.idxname), nameOf(relation));
  const idxname = await nameOfPostgres(context, relation, (trial) => ({
    IndexStmt: { ...index, concurrent: false, relation: trial },
  }));
  const sql = idxname && writeStatement(context.parser, { IndexStmt: { ...index, idxname } });
  return sql ? buildIndex(sql, place(idxname), nameOf(relation)) : undefined;
}
