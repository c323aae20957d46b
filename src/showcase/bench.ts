import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { LARGEST_NUMBER } from '../large-record/seeding.ts';
import type { BenchResult } from './bench/bench-result.ts';
import { choosePgroll } from './bench/choose-pgroll.ts';
import { estimateSeconds } from './bench/estimate.ts';
import { estimateSentence } from './bench/estimate-sentence.ts';
import { refuseWithoutSection, writeSection } from './bench/generated-page.ts';
import { METHOD_NAMES, type MethodName } from './bench/methods/method.ts';
import { METHODS } from './bench/methods/methods.ts';
import { DEFAULT_ROWS } from './bench/plan.ts';
import { showProgress } from './bench/progress.ts';
import { benchPicture } from './bench/report/picture.ts';
import { benchReport } from './bench/report/report.ts';
import { compareWithTargets } from './bench/report/targets.ts';
import { type BenchOptions, runBench } from './bench/run-bench.ts';
import { writeOutputs } from './bench/write-outputs.ts';
import { fileName, flag, randomSeed, readOptions, wholeNumber } from '../command-line/command-options.ts';
import { estimateCopiesBytes, refuseFullDisk } from './harness/free-disk.ts';
import { refuseUnwritable } from './harness/output-file.ts';
import { runCommand } from '../command-line/run-command.ts';

// npm run bench: compares the backfill engine with common ways to change a column, on the same data in one run.

const USAGE =
  'npm run bench -- [--quick] [--rows <number>] [--methods <name>,<name>…] [--repetitions <number>] ' +
  '[--seed <number>] [--pgroll <path>] [--json <file>] [--markdown <file>] [--picture <file>]\n' +
  `Methods: ${METHOD_NAMES.join(', ')}`;
/** A hundredth of the rows is measured too. */
const FEWEST_ROWS = 1_000;
const DEFAULT_REPETITIONS = 3;
const MOST_REPETITIONS = 100;

const METHODS_ERROR = `must be one or more of ${METHOD_NAMES.join(', ')}, with commas between them`;

const optionsSchema = z.strictObject({
  quick: flag,
  rows: wholeNumber(FEWEST_ROWS, LARGEST_NUMBER).optional(),
  methods: z
    .string({ error: METHODS_ERROR })
    .transform((text) => text.split(','))
    .refine((names) => names.every((name) => METHOD_NAMES.includes(name as MethodName)), {
      error: METHODS_ERROR,
    })
    .transform((names) => METHODS.filter(({ name }) => names.includes(name)))
    .default([...METHODS]),
  repetitions: wholeNumber(1, MOST_REPETITIONS).optional(),
  seed: randomSeed,
  pgroll: fileName.optional(),
  json: fileName.optional(),
  markdown: fileName.optional(),
  picture: fileName.optional(),
});

await runCommand(async (signal) => {
  const { json, markdown, picture, quick, ...given } = readOptions(
    process.argv.slice(2),
    USAGE,
    optionsSchema,
  );
  if (json !== undefined) await refuseUnwritable('--json', json);
  if (picture !== undefined) await refuseUnwritable('--picture', picture);
  if (markdown !== undefined) await refuseWithoutSection(markdown, 'bench');
  const options: BenchOptions = {
    methods: given.methods,
    seed: given.seed,
    isQuick: quick,
    rows: given.rows ?? DEFAULT_ROWS,
    repetitions: given.repetitions ?? (quick ? 0 : DEFAULT_REPETITIONS),
    pgroll: await choosePgroll(given.pgroll, signal, (line) => console.error(line)),
  };
  await refuseFullDisk(estimateCopiesBytes(options.rows));
  // Only the report goes to standard output.
  console.error('Database: a separate embedded PostgreSQL, deleted at the end.');
  console.error(`To repeat the order and the random choices, pass --seed ${options.seed}.`);
  console.error(`${estimateSentence(estimateSeconds(options))}\n`);

  const result = await bench(options, signal);
  await writeOutputs([
    [json, (file) => writeJson(file, result)],
    ['The report', async () => console.log(`\n${benchReport(result)}`)],
    [picture, (file) => writeFile(file, benchPicture(result))],
    [markdown, (file) => writeSection(file, 'bench', benchReport(result))],
  ]);
});

async function bench(options: BenchOptions, signal: AbortSignal): Promise<BenchResult> {
  using progress = showProgress(process.stderr);
  return await runBench(options, signal, progress);
}

async function writeJson(file: string, result: BenchResult): Promise<void> {
  const content = { ...result, targets: compareWithTargets(result) };
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`);
}
