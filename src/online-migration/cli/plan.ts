import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { rowsOf } from '../change/row-count.ts';
import type { PendingMigration } from '../mikro-orm/pending-migration.ts';
import type { PlannedStatement } from '../ordinary/plan-migration.ts';
import { connectionOf, describeConnection, loadConfig } from './project/config-file.ts';
import { warningOn } from '../ordinary/planning/running-code.ts';
import { firstLine } from '../sql/statements.ts';
import type { ProgramOptions } from './run-command.ts';

/** Something in the plan would be refused. */
const REFUSED = 1;

/**
 * `online-migration plan`: prints the plan of all pending migrations, and changes nothing.
 * @returns 1 if one of them would be refused
 */
export async function showPlan({ config: file, json }: ProgramOptions): Promise<number> {
  const config = await loadConfig(file);
  if (config.mikroOrm === undefined) {
    throw new OnlineMigrationError(
      'MIGRATOR_NOT_REGISTERED',
      "The plan is that of MikroORM's migrations, and the configuration has no `mikroOrm`: add it.",
    );
  }
  // A project without MikroORM does not have its packages.
  const { planPending } = await import('../mikro-orm/pending-plans.ts');
  if (!json) console.log(describeConnection(await connectionOf(config)));
  const pending = await planPending(config.mikroOrm);
  if (json) console.log(JSON.stringify(pending.map(forJson)));
  else for (const line of linesOf(pending)) console.log(line);
  return pending.some(({ plan }) => plan?.statements.some(({ verdict }) => verdict.kind === 'refused'))
    ? REFUSED
    : 0;
}

function linesOf(pending: readonly PendingMigration[]): string[] {
  if (pending.length === 0) return ['No migration is pending.'];
  return pending.flatMap(({ migration, plan, runsAs, error }) => {
    if (plan === null)
      return [`${migration}: ${OTHER_WAYS[runsAs]}${error === undefined ? '' : `: ${firstLine(error)}`}`];
    if (plan.statements.length === 0) return [`${migration}: has no statement`];
    return [`${migration}:`, ...plan.statements.flatMap(linesOfStatement).map((line) => `  ${line}`)];
  });
}

const OTHER_WAYS: Record<PendingMigration['runsAs'], string> = {
  steps: 'by steps',
  phase: 'a phase of a column change',
  'as written': 'runs as it is written',
  'sends statements itself': 'sends statements while it runs; each is looked at before it is sent',
  'not known yet': 'its statements are not known yet',
};

function linesOfStatement(planned: PlannedStatement): string[] {
  const { after } = planned.statement;
  const warning = warningOn(planned);
  const lines = [...linesOfVerdict(planned), ...(warning === undefined ? [] : [`  warning: ${warning}`])];
  return after === undefined ? lines : [`waits for processes that were built before ${after}:`, ...lines];
}

function linesOfVerdict({ statement, verdict }: PlannedStatement): string[] {
  const text = statement.text.replaceAll(/\s+/g, ' ');
  if (verdict.kind === 'refused') {
    return [`refused: ${text}`, `  ${verdict.reason}`, `  instead: ${verdict.instead}`];
  }
  if (verdict.kind === 'as-written') {
    const lock =
      verdict.relations.length === 0 ? 'locks no table in use' : 'ACCESS EXCLUSIVE, changes the catalog only';
    return [`${text}  -- ${lock}`];
  }
  const [first] = verdict.steps;
  if (first?.kind === 'fill') {
    const rows = first.rows === null ? 'all rows' : `about ${rowsOf(first.rows)}`;
    return [`fill ${rows} in batches: ${text}  -- ${first.lock}, short transactions`];
  }
  return [
    `in place of ${text}: ${verdict.reason}`,
    ...verdict.steps.flatMap(({ statements, lock, kind }) =>
      statements.map((sql) => `  ${sql}  -- ${lock ?? 'no lock'}${NOTES[kind]}`),
    ),
  ];
}

const NOTES = {
  setting: '',
  together: '',
  locked: ', changes the catalog only',
  validate: ', reads the table beside its traffic',
  find: ', reads the table beside its traffic',
  'build-index': ', reads the table beside its traffic',
  'drop-index': '',
  'detach-partition': '',
  reindex: ', reads the table beside its traffic',
  outside: '',
  fill: '',
};

function forJson({ migration, plan, runsAs, error }: PendingMigration): object {
  if (plan === null) return { migration, runsAs, ...(error !== undefined && { error }) };
  const statements = plan.statements.map((planned) => {
    const { statement, verdict } = planned;
    const warning = warningOn(planned);
    return {
      statement: statement.text,
      ...(statement.after !== undefined && { after: statement.after }),
      ...verdict,
      ...(warning !== undefined && { warning }),
    };
  });
  return { migration, runsAs, statements };
}
