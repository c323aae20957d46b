import { escapeIdentifier } from 'pg';
import { primaryKeyOf } from './primary-key.ts';
import { nameOf } from './relation-names.ts';
import { MOST_ROWS, rowLabel } from './row-label.ts';
import type { RuleContext } from './rule.ts';
import { find, type Step } from './step.ts';
import { type addedConstraint, stringsOf, type TableCommand } from './table-command.ts';
import { columnOf, fromOf, type TableFacts } from './table-facts.ts';

/** The search for rows without a partner; none if the other table is not there yet. */
export async function findOrphans(
  { table: relation }: TableCommand,
  key: NonNullable<ReturnType<typeof addedConstraint>>,
  table: TableFacts,
  context: RuleContext,
): Promise<Step[]> {
  const { made } = context;
  const isMade = made.has(key.pktable!);
  const found = isMade ? null : await context.catalog.readTable(made.inCatalog(key.pktable!));
  const isRenamed = made.inCatalog(key.pktable!) !== key.pktable;
  const other = isMade || isRenamed ? nameOf(key.pktable!) : found?.name;
  const columns = stringsOf(key.fk_attrs);
  const targets = key.pk_attrs?.length
    ? stringsOf(key.pk_attrs)
    : (await primaryKeyOf(context, key.pktable!)).map(({ name }) => name);
  const areThere = columns.every(
    (column) => columnOf(table, column) !== undefined || made.hasFilled(relation, column),
  );
  if (other === undefined || key.fk_matchtype === 'f' || targets.length !== columns.length || !areThere)
    return [];
  const isGiven = columns.map((column) => `r.${escapeIdentifier(column)} is not null`).join(' and ');
  const isPartner = columns
    .map((column, index) => `o.${escapeIdentifier(targets[index]!)} = r.${escapeIdentifier(column)}`)
    .join(' and ');
  const query =
    `select ${await rowLabel(context, relation, 'r')} as found from ${fromOf(table)} r ` +
    `where ${isGiven} and not exists (select from ${other} o where ${isPartner}) limit ${MOST_ROWS}`;
  return [
    find(
      query,
      [table.name, other],
      `Rows of ${table.name} have no partner in ${other}: correct or delete them.`,
    ),
  ];
}
