import { rowCount } from '../../../command-line/row-count.ts';
import { machineSentence } from '../../harness/machine.ts';
import { folded } from '../../harness/folded.ts';
import { type Column, markdownTable } from '../../harness/markdown-table.ts';
import { targetTable } from '../../harness/target-table.ts';
import type { BenchResult } from '../bench-result.ts';
import type { MeasuredRun } from '../measured-run.ts';
import { METHODS } from '../methods/methods.ts';
import { databaseSentence } from '../told-settings.ts';
import { comparisonNotes } from './comparison-notes.ts';
import { lockTable } from './lock-table.ts';
import { methodTable } from './main-table.ts';
import { pgrollSection } from './pgroll-section.ts';
import { aloneRun, engineRuns, methodsOn, safeVariant, titleOf } from './runs.ts';
import { compareWithTargets } from './targets.ts';

const MEGABYTE = 2 ** 20;
/** The table size that the targets are meant for. */
const TARGET_ROWS = 10_000_000;

/** All measurements, in Markdown. */
export function benchReport(result: BenchResult): string {
  const { rows, runs, load } = result;
  const smallTables = [...new Set(runs.filter(({ api }) => api === null).map((run) => run.rows))]
    .filter((size) => size !== rows)
    .toSorted((one, other) => other - one);
  return [
    ...circumstances(result),
    `The API can serve ${rowCount(load.capacityPerSecond)} requests a second here; the load is ` +
      `${rowCount(load.requestsPerSecond)} a second over ${load.connections} connections. Without a migration, ` +
      `its p99 is ${result.idle.p99Ms.toFixed(1)} ms.`,
    ...mainSection(result),
    folded('Targets', [
      targetSentence(rows),
      targetTable([{ title: 'reached', targets: compareWithTargets(result) }]),
    ]),
    ...smallTables.map((size) =>
      folded(`${rowCount(size)} rows, for methods that take too long on more`, [methodTable(result, size)]),
    ),
    pgrollSection(result),
    ...(engineRuns(result).length === 0
      ? []
      : [
          folded('The process of npx mikro-orm migration:up --to 0003', [
            markdownTable(PROCESS_COLUMNS, engineRuns(result)),
          ]),
        ]),
    ...(result.locks.length === 0
      ? []
      : [folded('How long the phases hold ACCESS EXCLUSIVE', [lockTable(result)])]),
  ].join('\n\n');
}

/** The methods on all rows; empty if all of them run on fewer rows. */
function mainSection(result: BenchResult): string[] {
  if (methodsOn(result, result.rows).length === 0) return [];
  return [
    `### ${rowCount(result.rows)} rows`,
    methodTable(result, result.rows),
    ...comparisonNotes(result),
    orderSentence(result),
  ];
}

/** The methods by their time without a load, each in the variant that loses no write. */
function orderSentence(result: BenchResult): string {
  const names = methodsOn(result, result.rows)
    .map((method) => ({ name: method.name, run: aloneRun(result, method.name, safeVariant(method))! }))
    .toSorted((one, other) => one.run.seconds - other.run.seconds)
    .map(({ name }) => `\`${name}\``);
  return `Fastest first, without losing writes: ${names.join(', ')}.`;
}

function circumstances(result: BenchResult): string[] {
  const { began, seconds, machine, settings } = result;
  return [
    `Measured on ${began.slice(0, 10)} with \`${commandOf(result)}\`, in ${Math.ceil(seconds / 60)} minutes.`,
    machineSentence(machine),
    databaseSentence(machine, settings),
  ];
}

/** The command that repeats the run. */
function commandOf({ rows, methods, isQuick, repetitions, seed }: BenchResult): string {
  return [
    'npm run bench --',
    ...(isQuick ? ['--quick'] : []),
    `--rows ${rows}`,
    ...(methods.length === METHODS.length ? [] : [`--methods ${methods.join(',')}`]),
    ...(repetitions === 0 ? [] : [`--repetitions ${repetitions}`]),
    `--seed ${seed}`,
  ].join(' ');
}

const PROCESS_COLUMNS: readonly Column<MeasuredRun>[] = [
  { heading: 'method', text: titleOf },
  { heading: 'rows', text: ({ rows }) => rowCount(rows) },
  { heading: 'load', text: ({ api }) => (api === null ? 'no' : 'yes') },
  { heading: 'backfill seconds', text: ({ seconds }) => seconds.toFixed(1) },
  { heading: 'process seconds', text: (run) => run.process!.seconds.toFixed(1) },
  {
    heading: 'peak memory MB',
    text: (run) => {
      const bytes = run.process!.peakMemoryBytes;
      return bytes === null ? 'not measured' : rowCount(bytes / MEGABYTE);
    },
  },
];

function targetSentence(rows: number): string {
  const whole = `The targets are for ${rowCount(TARGET_ROWS)} rows on 2 cores`;
  return rows === TARGET_ROWS ? `${whole}.` : `${whole}; this run had ${rowCount(rows)} rows.`;
}
