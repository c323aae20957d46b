import { changedColumnsOf } from '../change/changed-column.ts';
import { rowCount } from '../change/row-count.ts';
import { PACKAGE_NAME } from '../follow/presence.ts';
import { Session } from '../postgres/session.ts';
import { connectionOf, describeConnection, loadConfig } from './project/config-file.ts';
import { ledgerTableOf } from './project/mikro-orm-options.ts';
import type { ProgramOptions } from './run-command.ts';
import { summaryOf } from './survey/summary.ts';
import { surveyDatabase } from './survey/survey.ts';
import { describeSurvey } from './survey/survey-text.ts';

/** Sessions beside the first one: most of the time is PostgreSQL's, which uses one processor for each. */
const FURTHER_SESSIONS = 3;
/** How often a line of progress appears. */
const PROGRESS_INTERVAL_MS = 2_000;

/** The options of `survey`. */
export interface SurveyCommand extends ProgramOptions {
  readonly schema?: string;
  readonly table?: string;
  /** Whether to print each column that cannot be changed as it is. */
  readonly verbose?: boolean;
}

/** Prints which columns of the database can be changed to another type, and the reasons against the others. */
export async function showSurvey(
  { config: file, json = false, verbose = false, schema, table }: SurveyCommand,
  signal: AbortSignal,
): Promise<void> {
  const config = await loadConfig(file);
  const connection = await connectionOf(config);
  if (!json) console.log(describeConnection(connection));
  await using resources = new AsyncDisposableStack();
  const open = async () => resources.use(await Session.open(connection, `${PACKAGE_NAME} survey`));
  const first = await open();
  // A server that is short of connections gives fewer.
  const further = await Promise.allSettled(Array.from({ length: FURTHER_SESSIONS }, open));
  const opened = further.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const survey = await surveyDatabase([first, ...opened], {
    schema,
    table,
    ledger: await ledgerTableOf(config),
    others: config.changes.flatMap((change) => changedColumnsOf(change)),
    signal,
    onProgress: progressLines((line) => process.stderr.write(`${line}\n`)),
  });
  if (json) console.log(JSON.stringify({ ...summaryOf(survey), found: survey.surveyed }));
  else for (const line of describeSurvey(survey, verbose)) console.log(line);
}

/** Prints at most one line every two seconds. */
function progressLines(print: (line: string) => void): (done: number, total: number) => void {
  let lastLine = performance.now();
  return (done, total) => {
    const now = performance.now();
    if (now - lastLine < PROGRESS_INTERVAL_MS) return;
    lastLine = now;
    print(`${rowCount(done)} of ${rowCount(total)} tables`);
  };
}
