import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { throwawayFolder } from '../database/throwaway-postgres.ts';
import { LARGEST_NUMBER } from '../large-record/seeding.ts';
import { fileName, randomSeed, readOptions, wholeNumber } from '../command-line/command-options.ts';
import { runCommand } from '../command-line/run-command.ts';
import { refuseWithoutSection, writeSection } from './bench/generated-page.ts';
import { showProgress } from './bench/progress.ts';
import { writeOutputs } from './bench/write-outputs.ts';
import { estimateDiskBytes, estimateSeconds, estimateTableBytes } from './bench-large/estimate.ts';
import type { LargeResult } from './bench-large/large-result.ts';
import { createMemoryGroup, NoMemoryGroupError } from './bench-large/memory-group.ts';
import { limitOf, smallTableSentence } from './bench-large/memory-limit.ts';
import { largeReport } from './bench-large/report.ts';
import { runBenchLarge } from './bench-large/run-bench-large.ts';
import { compareWithTargets } from './bench-large/targets.ts';
import { type Suite, SUITES } from './bench-large/suites.ts';
import { gigabytes, refuseFullDisk } from './harness/free-disk.ts';
import { refuseUnwritable } from './harness/output-file.ts';

// npm run bench:large: measures the backfill on a table larger than memory, and on wide rows.

const COMMAND = 'bench:large';
const SUITE_NAMES: readonly string[] = SUITES.map(({ name }) => name);
const USAGE =
  `npm run ${COMMAND} -- [--rows <number>] [--suites <name>,<name>…] [--workers <number>] [--seed <number>] ` +
  `[--json <file>] [--markdown <file>]\nSuites: ${SUITE_NAMES.join(', ')}`;
const DEFAULT_ROWS = 2_000_000;
/** The rows of 30 kB are a hundredth. */
const FEWEST_ROWS = 10_000;
const MOST_WORKERS = 2;

const SUITES_ERROR = `must be one or more of ${SUITE_NAMES.join(', ')}, with commas between them`;

const optionsSchema = z.strictObject({
  rows: wholeNumber(FEWEST_ROWS, LARGEST_NUMBER).default(DEFAULT_ROWS),
  suites: z
    .string({ error: SUITES_ERROR })
    .transform((text) => text.split(','))
    .refine((names) => names.every((name) => SUITE_NAMES.includes(name)), { error: SUITES_ERROR })
    .transform((names) => SUITES.filter(({ name }) => names.includes(name)))
    .default([...SUITES]),
  workers: wholeNumber(1, MOST_WORKERS).default(1),
  seed: randomSeed,
  json: fileName.optional(),
  markdown: fileName.optional(),
});

await runCommand(async (signal) => {
  const { json, markdown, ...options } = readOptions(process.argv.slice(2), USAGE, optionsSchema);
  if (json !== undefined) await refuseUnwritable('--json', json);
  if (markdown !== undefined) await refuseWithoutSection(markdown, COMMAND);
  const { suites, rows } = options;
  // Only the report goes to standard output.
  console.error('Database: a separate embedded PostgreSQL for each suite, deleted at the end.');
  console.error(`To repeat the load's random choices, pass --seed ${options.seed}.`);
  const diskBytes = estimateDiskBytes(suites, rows);
  console.error(
    `Estimated duration: ${Math.ceil(estimateSeconds(suites, rows) / 60)} minutes on two cores. ` +
      `Estimated disk space: ${gigabytes(diskBytes)} in ${await throwawayFolder()}.`,
  );
  await refuseFullDisk(diskBytes);
  if (suites.some(({ memoryShare }) => memoryShare !== null)) await warnOfMemory(suites, rows);

  using progress = showProgress(process.stderr);
  const result = await runBenchLarge(options, signal, progress);
  await writeOutputs([
    [json, (file) => writeJson(file, result)],
    ['The report', async () => console.log(`\n${largeReport(result)}`)],
    [markdown, (file) => writeSection(file, COMMAND, largeReport(result))],
  ]);
});

async function writeJson(file: string, result: LargeResult): Promise<void> {
  const suites = result.suites.map((suite) => ({ ...suite, targets: compareWithTargets(suite) }));
  await writeFile(file, `${JSON.stringify({ ...result, suites }, null, 2)}\n`);
}

/** Before the hours of a run, not only in its report. */
async function warnOfMemory(suites: readonly Suite[], optionRows: number): Promise<void> {
  try {
    await using _group = await createMemoryGroup();
  } catch (error) {
    if (!(error instanceof NoMemoryGroupError)) throw error;
    console.error(`\nTHE MEMORY IS NOT LIMITED: ${error.message}. The report marks its figures.\n`);
    return;
  }
  for (const suite of suites) {
    const sentence = smallTableOf(suite, optionRows);
    if (sentence === null) continue;
    console.error(`\nTHE TABLE IS TOO SMALL for ${suite.name}: ${sentence} The report marks its figures.\n`);
  }
}

function smallTableOf(suite: Suite, optionRows: number): string | null {
  if (suite.memoryShare === null) return null;
  const bytes = estimateTableBytes(suite, optionRows);
  const limitBytes = limitOf(suite.memoryShare, bytes);
  return smallTableSentence(suite, { rows: suite.rows(optionRows), bytes }, limitBytes);
}
