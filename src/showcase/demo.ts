import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { LARGEST_NUMBER } from '../large-record/seeding.ts';
import { runScenario } from './scenarios/run-scenario.ts';
import { scenarioReport } from './scenarios/report.ts';
import { type ScenarioName, SCENARIOS } from './scenarios/scenarios.ts';
import { fileName, randomSeed, readOptions, wholeNumber } from '../command-line/command-options.ts';
import { circumstancesText } from './demo/circumstances.ts';
import { comparison } from './demo/comparison.ts';
import { reportPage } from './demo/report/report-page.ts';
import { type DemoResult, runDemo } from './demo/run-demo.ts';
import type { WayResult } from './demo/way.ts';
import { faultsOf } from './harness/faults.ts';
import { ledgerSentence } from './harness/ledger-check.ts';
import { showWork } from './harness/work-display.ts';
import { refuseUnwritable } from './harness/output-file.ts';
import { runCommand } from '../command-line/run-command.ts';

// npm run demo: runs the five migrations of the change under load on a separate database, and compares them with two common ways.
// With --scenario, it runs an ordinary migration of docs/recipes.md, and compares it with its statements as they are written.

const USAGE =
  'npm run demo -- [--rows <number>] [--seed <number>] [--json <file>] [--report <file>] [--scenario <name>]';
const DEFAULT_ROWS = 1_000_000;

const optionsSchema = z.strictObject({
  rows: wholeNumber(1, LARGEST_NUMBER).default(DEFAULT_ROWS),
  seed: randomSeed,
  json: fileName.optional(),
  report: fileName.optional(),
  scenario: z.enum(Object.keys(SCENARIOS) as [ScenarioName]).optional(),
});

await runCommand(async (signal) => {
  const { rows, seed, json, report, scenario } = readOptions(process.argv.slice(2), USAGE, optionsSchema);
  if (json !== undefined) await refuseUnwritable('--json', json);
  if (report !== undefined) await refuseUnwritable('--report', report);
  console.log('Database: a separate embedded PostgreSQL, deleted at the end.');
  console.log(`To repeat the random choices, pass --seed ${seed}.\n`);

  if (scenario !== undefined) return await showScenario(scenario, { rows, seed }, signal, json);
  const result = await demo({ rows, seed }, signal);
  console.log(`\n${comparison(result)}\n`);
  console.log(ledgerSentence(result.safe.ledger));
  console.log(circumstancesText(result.circumstances));
  if (json !== undefined) await writeJson(json, { rows, seed }, result);
  if (report !== undefined) {
    await writeFile(report, reportPage(result, { rows, seed }));
    console.log(`Report: ${report}`);
  }

  const faults = faultsOf(result.safe, result.safe.ledger);
  for (const fault of faults) console.error(fault);
  return faults.length === 0 ? 0 : 1;
});

/** Compares one ordinary migration with its statements as they are written. */
async function showScenario(
  name: ScenarioName,
  options: { rows: number; seed: number },
  signal: AbortSignal,
  json: string | undefined,
): Promise<number> {
  using display = showWork(process.stdout);
  const result = await runScenario(SCENARIOS[name], options, signal, display);
  const { safe, asWritten, circumstances, messages, retries } = result;
  console.log(`\n${scenarioReport(result)}\n`);
  console.log(ledgerSentence(safe.ledger));
  console.log(circumstancesText(circumstances));
  if (json !== undefined) {
    const ways = { safe: numbersOf(safe), asWritten: numbersOf(asWritten), messages, retries };
    await writeFile(
      json,
      `${JSON.stringify({ scenario: name, ...ways, ...options, ...circumstances }, null, 2)}\n`,
    );
  }
  const faults = faultsOf(safe, safe.ledger);
  for (const fault of faults) console.error(fault);
  return faults.length === 0 ? 0 : 1;
}

async function demo(options: { rows: number; seed: number }, signal: AbortSignal): Promise<DemoResult> {
  using display = showWork(process.stdout);
  return await runDemo(options, signal, display);
}

async function writeJson(
  file: string,
  options: { rows: number; seed: number },
  { safe, recipe, direct, circumstances }: DemoResult,
): Promise<void> {
  const ways = { safe: numbersOf(safe), recipe: numbersOf(recipe), direct: numbersOf(direct) };
  await writeFile(file, `${JSON.stringify({ ...ways, ...options, ...circumstances }, null, 2)}\n`);
}

/** The numbers of a way, without its texts. */
function numbersOf({ steps, total, ledger, writtenRows, timeline }: WayResult) {
  return { steps, total, ledger, writtenRows, timeline };
}
