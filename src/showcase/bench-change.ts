import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { fileName, readOptions, wholeNumbers } from '../command-line/command-options.ts';
import { runCommand } from '../command-line/run-command.ts';
import { LARGEST_NUMBER } from '../large-record/seeding.ts';
import { estimateSentence } from './bench/estimate-sentence.ts';
import { refuseWithoutSection, writeSection } from './bench/generated-page.ts';
import { showProgress } from './bench/progress.ts';
import { writeOutputs } from './bench/write-outputs.ts';
import { estimateChangeSeconds } from './bench-change/estimate.ts';
import { benchChangeReport } from './bench-change/report.ts';
import {
  type BenchChangeOptions,
  type BenchChangeResult,
  runBenchChange,
} from './bench-change/run-bench-change.ts';
import { estimateCopiesBytes, refuseFullDisk } from './harness/free-disk.ts';
import { compareChange } from './bench-change/targets.ts';
import { refuseUnwritable } from './harness/output-file.ts';

// npm run bench:change: measures the whole change, phase by phase, and its way back.

const USAGE =
  'npm run bench:change -- [--rows <number>,<number>…] [--workers <number>,<number>…] [--json <file>] [--markdown <file>]';
const DEFAULT_ROWS = [100_000, 1_000_000];
const DEFAULT_WORKERS = [1, 2];
const MOST_WORKERS = 64;

const optionsSchema = z.strictObject({
  rows: wholeNumbers(1, LARGEST_NUMBER).default(DEFAULT_ROWS),
  workers: wholeNumbers(1, MOST_WORKERS).default(DEFAULT_WORKERS),
  json: fileName.optional(),
  markdown: fileName.optional(),
});

await runCommand(async (signal) => {
  const { json, markdown, ...options } = readOptions(process.argv.slice(2), USAGE, optionsSchema);
  if (json !== undefined) await refuseUnwritable('--json', json);
  if (markdown !== undefined) await refuseWithoutSection(markdown, 'bench:change');
  await refuseFullDisk(estimateCopiesBytes(Math.max(...options.rows)));
  // Only the report goes to standard output.
  console.error('Database: a separate embedded PostgreSQL, deleted at the end.');
  console.error(`${estimateSentence(estimateChangeSeconds(options))}\n`);
  const result = await bench(options, signal);
  await writeOutputs([
    [json, (file) => writeJson(file, result)],
    ['The report', async () => console.log(`\n${benchChangeReport(result)}`)],
    [markdown, (file) => writeSection(file, 'bench:change', benchChangeReport(result))],
  ]);
});

async function writeJson(file: string, result: BenchChangeResult): Promise<void> {
  const runs = result.runs.map((run) => ({ ...run, targets: compareChange(run) }));
  await writeFile(file, `${JSON.stringify({ ...result, runs }, null, 2)}\n`);
}

async function bench(options: BenchChangeOptions, signal: AbortSignal): Promise<BenchChangeResult> {
  using progress = showProgress(process.stderr);
  return await runBenchChange(options, signal, progress);
}
