import { type MigrationStatement, readFill } from './fill/fill-statement.ts';
import type { Part } from './parts.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { rolledBack } from '../postgres/rolled-back.ts';
import { loadSqlParser, type SqlParser } from '../sql/sql-parser.ts';
import { asKind, firstLine, readStatements, type Statement } from '../sql/statements.ts';
import { readRecordedChanges, type RecordedChange } from '../state/recorded-changes.ts';
import { MadeTables } from './made-tables.ts';
import { DatabaseCatalog } from './catalog/database-catalog.ts';
import type { Catalog } from './planning/catalog.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { findRenames, type Rename } from './planning/renames.ts';
import { findIdentitySwaps } from './planning/identity-swaps.ts';
import { findReplacements } from './planning/replacements.ts';
import { MadeHere } from './planning/made-here.ts';
import { isOutsideOnly, outsideStep } from './planning/outside-step.ts';
import { separate } from './planning/separate.ts';
import type { Rule, RuleContext, Verdict } from './planning/rule.ts';
import { addCheck } from './rules/add-check.ts';
import { addColumn } from './rules/add-column.ts';
import { addForeignKey } from './rules/add-foreign-key.ts';
import { addIdentity } from './rules/add-identity.ts';
import { addNotNull } from './rules/add-not-null.ts';
import { addPartitionedForeignKey } from './rules/add-partitioned-foreign-key.ts';
import { addPartitionedKey } from './rules/add-partitioned-key.ts';
import { addUnique } from './rules/add-unique.ts';
import { attachPartition } from './rules/attach-partition.ts';
import { catalogOnly } from './rules/catalog-only.ts';
import { changeAttribute } from './rules/change-attribute.ts';
import { changeData } from './rules/change-data.ts';
import { changeType } from './rules/change-type.ts';
import { domainConstraint } from './rules/domain-constraint.ts';
import { enforceConstraint } from './rules/enforce-constraint.ts';
import { createPartition } from './rules/create-partition.ts';
import { createPartitionedIndex } from './rules/create-partitioned-index.ts';
import { createIndex } from './rules/create-index.ts';
import { detachPartition } from './rules/detach-partition.ts';
import { dropCascade } from './rules/drop-cascade.ts';
import { dropForeignKeys } from './rules/drop-foreign-keys.ts';
import { dropIndex } from './rules/drop-index.ts';
import { dropRenamed } from './rules/drop-renamed.ts';
import { fillTable } from './rules/fill-table.ts';
import { replacesColumn } from './rules/replaces-column.ts';
import { pauseTrigger } from './rules/pause-trigger.ts';
import { reindex } from './rules/reindex.ts';
import { refreshView } from './rules/refresh-view.ts';
import { renameEnumValue } from './rules/rename-enum-value.ts';
import { replaceIndex } from './rules/replace-index.ts';
import { losesData } from './rules/loses-data.ts';
import { moveStorage } from './rules/move-storage.ts';
import { truncateTable } from './rules/truncate-table.ts';
import { underChange } from './rules/under-change.ts';
import { setNotNull } from './rules/set-not-null.ts';
import { sessionState, setPathOf } from './rules/session-state.ts';
import { locked, type Step } from './planning/step.ts';
import { stepsOf } from './planning/steps-of.ts';
import { nameOf } from './planning/relation-names.ts';
import { takenFromRunningCode } from './planning/running-code.ts';

/** The rules by name. The first one that knows a statement decides. */
const RULES = {
  fillTable,
  losesData,
  truncateTable,
  underChange,
  dropRenamed,
  dropCascade,
  renameEnumValue,
  pauseTrigger,
  domainConstraint,
  changeAttribute,
  moveStorage,
  refreshView,
  reindex,
  replaceIndex,
  sessionState,
  createPartitionedIndex,
  createIndex,
  dropIndex,
  addPartitionedForeignKey,
  addForeignKey,
  addCheck,
  addPartitionedKey,
  addUnique,
  addNotNull,
  setNotNull,
  replacesColumn,
  addIdentity,
  addColumn,
  changeType,
  changeData,
  dropForeignKeys,
  attachPartition,
  detachPartition,
  createPartition,
  enforceConstraint,
  catalogOnly,
} as const satisfies Record<string, Rule>;

/** The name of a rule; null for a statement that no rule has looked at. */
export type RuleName = keyof typeof RULES | null;

/** The verdict on a statement that a later one carries out with itself. */
const LEFT_TO_LATER: Decision = {
  rule: null,
  verdict: { kind: 'steps', reason: 'a later statement replaces it', steps: [] },
};

function renamedBy(rename: Rename | undefined): Decision | undefined {
  return rename && { rule: null, verdict: rename.verdict };
}

/** A verdict, and the rule that gave it. */
interface Decision {
  readonly rule: RuleName;
  readonly verdict: Verdict;
}

/** A statement of a migration, and the verdict on it. */
export interface PlannedStatement {
  readonly statement: MigrationStatement;
  /** The statement of the migration that it is, or is a part of. */
  readonly source: MigrationStatement;
  readonly verdict: Verdict;
  readonly rule: RuleName;
  /** The facts behind the verdict that nobody has read, each as a clause. */
  readonly assumed: readonly string[];
  /** The columns and tables that it takes away, or gives another name, and that running code may use. */
  readonly takes?: readonly string[];
}

type PlannedPart = Omit<PlannedStatement, 'source'>;

/** The plan of an ordinary migration. */
export interface MigrationPlan {
  readonly statements: readonly PlannedStatement[];
  /** Without those of a refused statement. */
  readonly steps: readonly Step[];
}

/**
 * Plans the statements of an ordinary migration; changes nothing.
 *
 * 1. PostgreSQL's own grammar reads them.
 * 2. An `alter table` with several commands becomes one for each, unless all of them run as they are. So does a new column with a check.
 * 3. The rules decide on each by its tree, by the catalog, and by the tables that earlier statements make.
 * 4. A constraint or an index that replaces one of the same name is planned with it, in its own place. One that only has another name is
 *    renamed.
 * 5. Statements that need no other way stay together in one transaction.
 *
 * @param database has no transaction open
 * @param parts texts of one or several statements, and fills, in their order
 * @param made the effects of migrations that have not run and come before; those of this one are noted there
 * @throws OnlineMigrationError if one of them is not SQL
 */
export async function planMigration(
  database: Queryable,
  parts: readonly Part[],
  made: MadeHere = new MadeHere(),
): Promise<MigrationPlan> {
  const parser = await loadSqlParser();
  await using catalog = await DatabaseCatalog.open(database, parser);
  const changes = await readRecordedChanges(database);
  const statements = parts.flatMap((part) =>
    typeof part === 'string' ? readStatements(parser, part) : [readFill(parser, part)],
  );
  return planOn({ catalog, parser, changes, made }, statements);
}

/** Plans statements of which each runs before the next one is planned, in one transaction or in several. */
export class MigrationPlanner {
  readonly #made = new MadeTables();

  /**
   * Plans the next statements; changes nothing.
   * @param database the connection on which the earlier ones have run
   * @returns the plan, and a function to call when they have run
   * @throws OnlineMigrationError if they are not SQL
   */
  async planNext(database: Queryable, sql: string): Promise<NextStatements> {
    return rolledBack(database, async () => {
      const parser = await loadSqlParser();
      const before = await this.#made.names(database);
      const made = new MadeHere(before);
      const catalog = await DatabaseCatalog.open(database, parser);
      const changes = await readRecordedChanges(database);
      const planned = await planEach(readStatements(parser, sql), {
        catalog,
        parser,
        changes,
        made,
        areSent: true,
      });
      const added = [...made.tables].filter((table) => !before.includes(table));
      return { planned, haveRun: () => this.#made.add(database, added) };
    });
  }
}

/** Statements of a migration that are about to run. */
export interface NextStatements {
  readonly planned: readonly PlannedStatement[];
  /** Notes that they have run, and the tables that they have made. */
  readonly haveRun: () => Promise<void>;
}

/** The inputs of a plan besides the statements. */
export interface PlanInputs {
  readonly catalog: Catalog;
  readonly parser: SqlParser;
  readonly changes: readonly RecordedChange[];
  /** The effects of migrations that run before, in the same deployment. Those of the statements are noted there. */
  readonly made: MadeHere;
  /** Whether a tool other than MikroORM runs the statements: its migrations have no fill. */
  readonly isOtherTool?: boolean;
  /** Whether the statements are sent as they are, so that none can be put in the place of two. */
  readonly areSent?: boolean;
}

/** Plans statements on the facts of a catalog. */
export async function planOn(
  inputs: PlanInputs,
  statements: readonly MigrationStatement[],
): Promise<MigrationPlan> {
  const planned = await planEach(statements, inputs);
  const steps = stepsOf(planned);
  // Another tool runs them in one transaction.
  if (steps.length <= 1 || inputs.isOtherTool) return { statements: planned, steps };
  const apart = planned.map(refuseInSeveral);
  return { statements: apart, steps: stepsOf(apart) };
}

async function planEach(
  statements: readonly MigrationStatement[],
  inputs: PlanInputs,
): Promise<PlannedStatement[]> {
  const parts = statements.map((statement) => separate(statement, inputs.parser));
  const none = { ...inputs, replaces: undefined, absorbs: [] };
  const replaced = await findReplacements(parts.flat(), none);
  const absorbed = await findIdentitySwaps(parts.flat(), none);
  const renames = inputs.areSent ? new Map() : await findRenames(parts.flat(), replaced, none);
  const leftToLater = new Set([
    ...replaced.values(),
    ...[...absorbed.values()].flat(),
    ...[...renames.values()].map(({ dropped }) => dropped),
  ]);
  const planned: PlannedStatement[] = [];
  for (const [index, own] of parts.entries()) {
    const verdicts: PlannedPart[] = [];
    for (const statement of own) {
      const context: RuleContext = {
        ...inputs,
        replaces: replaced.get(statement),
        absorbs: absorbed.get(statement) ?? [],
      };
      const found = leftToLater.has(statement)
        ? LEFT_TO_LATER
        : (renamedBy(renames.get(statement)) ?? (await verdictOn(statement, context)));
      const assumed = inputs.catalog.takeAssumptions();
      const takes =
        found.verdict.kind === 'refused' || leftToLater.has(statement)
          ? []
          : await takenFromRunningCode(statement, statements.slice(index + 1), context);
      verdicts.push({ statement, ...found, assumed, ...(takes.length > 0 && { takes }) });
      await inputs.made.note(statement, inputs.catalog);
      await setPathOf(statement.tree, context);
    }
    const source = statements[index]!;
    planned.push(...kept(source, verdicts).map((one) => ({ ...one, source })));
  }
  return planned;
}

function refuseInSeveral(planned: PlannedStatement): PlannedStatement {
  const { verdict } = planned;
  if (verdict.kind !== 'as-written' || verdict.needsOneTransaction === undefined) return planned;
  const reason =
    'its effect ends with the transaction or the session, and the migration needs several: an interrupted run goes on in another session';
  return { ...planned, verdict: { kind: 'refused', reason, instead: verdict.needsOneTransaction } };
}

/** The plan in which statements that need other steps are refused. */
export function withoutOtherSteps({ statements, steps }: MigrationPlan): MigrationPlan {
  return {
    steps,
    statements: statements.map((planned) => {
      const { verdict } = planned;
      if (verdict.kind !== 'steps' || runsAsItIs(planned)) return planned;
      const instead = verdict.steps.flatMap((step) => step.statements).map((sql) => `\`${sql}\``);
      return {
        ...planned,
        verdict: { kind: 'refused', reason: verdict.reason, instead: `run ${instead.join(', ')}` },
      };
    }),
  };
}

/** Whether the statement itself is all that runs, under the lock discipline. */
export function runsAsItIs({ statement, verdict }: PlannedStatement): boolean {
  if (verdict.kind !== 'steps') return verdict.kind === 'as-written';
  if (verdict.isUnchecked) return true;
  return verdict.steps.every(({ statements }) => statements.length === 1 && statements[0] === statement.text);
}

/** @throws OnlineMigrationError with a sentence for each statement that must not run */
export function refuseRefused({ statements }: MigrationPlan, migration: string): void {
  const refused = statements.flatMap(({ statement, verdict }) =>
    verdict.kind === 'refused'
      ? [{ statement: statement.text, reason: verdict.reason, instead: verdict.instead }]
      : [],
  );
  if (refused.length === 0) return;
  const sentences = refused.map(
    ({ statement, reason, instead }) => `\`${firstLine(statement)}\`: ${reason}. Instead: ${instead}.`,
  );
  if (statements.every(({ verdict }) => verdict.kind !== 'refused' || verdict.isFill)) {
    throw new OnlineMigrationError(
      'FILL_NOT_POSSIBLE',
      `${migration} was not run, because a fill cannot be carried out:\n${sentences.join('\n')}`,
      { migration, statements: refused },
    );
  }
  throw new OnlineMigrationError(
    'MIGRATION_UNSAFE',
    `${migration} was not run, because it would harm tables in use:\n${sentences.join('\n')}\n` +
      'To run a statement as it is, write the comment `-- online: accepted <reason>` above it.',
    { migration, statements: refused },
  );
}

/** Parts that all run as they are need not be parted. */
function kept(statement: Statement, parts: readonly PlannedPart[]): readonly PlannedPart[] {
  const relations = parts.flatMap(({ verdict }) =>
    verdict.kind === 'as-written' ? [verdict.relations] : [],
  );
  if (parts.length < 2 || relations.length < parts.length) return parts;
  const verdict: Verdict = { kind: 'as-written', relations: [...new Set(relations.flat())] };
  const takes = parts.flatMap((part) => part.takes ?? []);
  return [
    {
      statement,
      verdict,
      rule: parts[0]!.rule,
      assumed: parts.flatMap(({ assumed }) => assumed),
      ...(takes.length > 0 && { takes }),
    },
  ];
}

async function verdictOn(statement: MigrationStatement, context: RuleContext): Promise<Decision> {
  if (statement.accepted === undefined) {
    for (const [name, rule] of Object.entries(RULES)) {
      const verdict = await rule(statement, context);
      if (verdict !== undefined) return { rule: name as RuleName, verdict };
    }
  }
  const { text, tree, accepted } = statement;
  const relation = asKind(tree, 'AlterTableStmt')?.relation ?? asKind(tree, 'IndexStmt')?.relation;
  const relations = relation === undefined ? [] : [nameOf(relation)];
  const verdict: Verdict = {
    kind: 'steps',
    reason: accepted === undefined ? 'no rule knows it' : `accepted: ${accepted}`,
    isUnchecked: true,
    steps: [
      isOutsideOnly(tree)
        ? await outsideStep(statement, context)
        : { ...locked(text, relations), ...(accepted !== undefined && { mayLast: true }) },
    ],
  };
  return { rule: null, verdict };
}
