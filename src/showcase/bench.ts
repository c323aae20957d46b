import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { LARGEST_NUMBER } from '../large-record/seeding.ts';
import type { BenchResult } from './bench/bench-result.ts';
import { estimateSeconds } from './bench/estimate.ts';
import { hasGeneratedSection, replaceGeneratedSection } from './bench/generated-section.ts';
import { METHODS } from './bench/methods.ts';
import { showProgress } from './bench/progress.ts';
import { benchReport } from './bench/report.ts';
import { type BenchOptions, runBench } from './bench/run-bench.ts';
import { compareWithTargets } from './bench/targets.ts';
import { fileName, randomSeed, readOptions, wholeNumber } from '../command-line/command-options.ts';
import { refuseUnwritable } from './harness/output-file.ts';
import { runCommand } from '../command-line/run-command.ts';

// npm run bench: compares the backfill engine with common ways to change a column, on the same data in one run.

const METHOD_NAMES: readonly string[] = METHODS.map(({ name }) => name);
const USAGE =
  'npm run bench -- [--rows <number>] [--methods <name>,<name>…] [--repetitions <number>] [--seed <number>] ' +
  `[--json <file>] [--markdown <file>]\nMethods: ${METHOD_NAMES.join(', ')}`;
const DEFAULT_ROWS = 1_000_000;
/** A hundredth of the rows is measured too. */
const FEWEST_ROWS = 1_000;
const DEFAULT_REPETITIONS = 5;
const MOST_REPETITIONS = 100;

const METHODS_ERROR = `must be one or more of ${METHOD_NAMES.join(', ')}, with commas between them`;

const optionsSchema = z.strictObject({
  rows: wholeNumber(FEWEST_ROWS, LARGEST_NUMBER).default(DEFAULT_ROWS),
  methods: z
    .string({ error: METHODS_ERROR })
    .transform((text) => text.split(','))
    .refine((names) => names.every((name) => METHOD_NAMES.includes(name)), { error: METHODS_ERROR })
    .transform((names) => METHODS.filter(({ name }) => names.includes(name)))
    .default([...METHODS]),
  repetitions: wholeNumber(1, MOST_REPETITIONS).default(DEFAULT_REPETITIONS),
  seed: randomSeed,
  json: fileName.optional(),
  markdown: fileName.optional(),
});

await runCommand(async (signal) => {
  const { json, markdown, ...options } = readOptions(process.argv.slice(2), USAGE, optionsSchema);
  if (json !== undefined) await refuseUnwritable('--json', json);
  if (markdown !== undefined) await refuseWithoutSection(markdown);
  // Only the report goes to standard output.
  console.error('Database: a separate embedded PostgreSQL, deleted at the end.');
  console.error(`To repeat the order and the random choices, pass --seed ${options.seed}.`);
  console.error(`Estimated duration: ${minutes(estimateSeconds(options))} on two cores.\n`);

  const result = await bench(options, signal);
  const report = benchReport(result);
  console.log(`\n${report}`);
  if (json !== undefined) await writeJson(json, result);
  if (markdown !== undefined) {
    await writeFile(markdown, replaceGeneratedSection(await readFile(markdown, 'utf8'), 'bench', report));
  }
});

async function bench(options: BenchOptions, signal: AbortSignal): Promise<BenchResult> {
  using progress = showProgress(process.stderr);
  return await runBench(options, signal, progress);
}

/** Fail at the start, not after the measurements. */
async function refuseWithoutSection(file: string): Promise<void> {
  const page = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`--markdown ${file} cannot be read: name an existing page.`, { cause });
  });
  await refuseUnwritable('--markdown', file);
  if (hasGeneratedSection(page, 'bench')) return;
  throw new Error(`--markdown ${file} has no section to write: mark one as docs/benchmarks.md does.`);
}

async function writeJson(file: string, result: BenchResult): Promise<void> {
  const content = { ...result, targets: compareWithTargets(result) };
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`);
}

function minutes(seconds: number): string {
  const count = Math.ceil(seconds / 60);
  return count === 1 ? 'a minute' : `${count} minutes`;
}
