import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { LARGEST_NUMBER } from '../large-record/seeding.ts';
import { fileName, randomSeed, readOptions, wholeNumber } from './command-options.ts';
import { circumstancesText } from './demo/circumstances.ts';
import { comparison } from './demo/report.ts';
import { type DemoResult, runDemo } from './demo/run-demo.ts';
import { faultsOf } from './harness/faults.ts';
import { ledgerSentence } from './harness/ledger-check.ts';
import { writeLines } from './harness/work-lines.ts';
import { refuseUnwritable } from './output-file.ts';
import { runCommand } from './run-command.ts';

// npm run demo: the six migrations under load, on a database of its own, and the risky way beside them.

const USAGE = 'npm run demo -- [--rows <number>] [--seed <number>] [--json <file>]';
const DEFAULT_ROWS = 1_000_000;

const optionsSchema = z.strictObject({
  rows: wholeNumber(1, LARGEST_NUMBER).default(DEFAULT_ROWS),
  seed: randomSeed,
  json: fileName.optional(),
});

await runCommand(async (signal) => {
  const { rows, seed, json } = readOptions(process.argv.slice(2), USAGE, optionsSchema);
  if (json !== undefined) await refuseUnwritable('--json', json);
  console.log('Database: an embedded PostgreSQL of its own, deleted at the end.');
  console.log(`Random choices: --seed ${seed} makes the same ones again.\n`);

  const result = await demo({ rows, seed }, signal);
  console.log(`\n${comparison(result.safe.total, result.risky)}\n`);
  console.log(ledgerSentence(result.ledger));
  console.log(circumstancesText(result.circumstances));
  if (json !== undefined) await writeJson(json, { rows, seed }, result);

  const faults = faultsOf(result.safe, result.ledger);
  for (const fault of faults) console.error(fault);
  return faults.length === 0 ? 0 : 1;
});

async function demo(options: { rows: number; seed: number }, signal: AbortSignal): Promise<DemoResult> {
  using lines = writeLines((text) => process.stdout.write(text));
  return await runDemo(options, signal, lines);
}

async function writeJson(
  file: string,
  options: { rows: number; seed: number },
  { safe, risky, ledger, circumstances }: DemoResult,
): Promise<void> {
  const content = { steps: safe.steps, safe: safe.total, risky, ledger, ...options, ...circumstances };
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`);
}
