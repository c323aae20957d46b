import type { MigrationStep } from '../../../../src/online-migration/change/events.ts';
import type { SizeResult } from './run-case.ts';

/** Locks under which nobody can write; the strongest last. */
const STRONG = ['SHARE', 'SHARE ROW EXCLUSIVE', 'ACCESS EXCLUSIVE'];
/** Locks beside which everybody reads and writes; the strongest last. */
const WEAK = ['ACCESS SHARE', 'ROW EXCLUSIVE', 'SHARE UPDATE EXCLUSIVE'];
const LONGEST_TEXT = 110;

const HEADINGS = [
  'rule',
  'migration',
  'as written',
  'steps',
  'strongest lock, longest step with it',
  'reading or building beside traffic',
  'longest lock wait of a request (ms)',
  'requests',
];

/** A Markdown table of the figures, with a row for each migration. */
export function figuresOf(results: readonly SizeResult[]): string {
  const rows = results.map(cellsOf);
  const lines = [HEADINGS, HEADINGS.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return lines.join('\n');
}

function cellsOf({ subject, plan, events, traffic }: SizeResult): string[] {
  const done = events.filter((event) => event.type === 'migration-step');
  const [longest] = traffic.waits;
  const written = subject.statements
    .map((part) => (typeof part === 'string' ? part : `fill ${part.table}`))
    .join(' ')
    .replaceAll(/\s+/g, ' ');
  const cut = written.length > LONGEST_TEXT ? `${written.slice(0, LONGEST_TEXT)}…` : written;
  return [
    subject.rule ?? '(rename)',
    subject.name.replaceAll('|', '/'),
    `\`${cut.replaceAll('|', '/')}\``,
    subject.refused === undefined ? plan.steps.map(({ kind }) => kind).join(', ') : 'refused',
    strongestOf(done, events.filter(({ type }) => type === 'lock-retry').length),
    besideOf(done) + batchesOf(events),
    longest === undefined ? '0' : `${longest.ms.toFixed(1)} (${longest.lock})`,
    String(traffic.requests),
  ];
}

function strongestOf(done: readonly MigrationStep[], retries: number): string {
  const lock = STRONG.findLast((name) => done.some((step) => step.lock === name));
  if (lock === undefined) return '–';
  const ms = Math.max(...done.map((step) => (step.lock === lock ? step.milliseconds : 0)));
  return `${lock}, ${ms.toFixed(1)} ms${retries === 0 ? '' : `, requested ${retries + 1} times`}`;
}

function besideOf(done: readonly MigrationStep[]): string {
  const beside = done.filter(({ lock }) => WEAK.includes(lock ?? ''));
  const lock = WEAK.findLast((name) => beside.some((step) => step.lock === name));
  if (lock === undefined) return '–';
  const ms = beside.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return `${lock}, ${(ms / 1000).toFixed(2)} s`;
}

function batchesOf(events: SizeResult['events']): string {
  const longest = events.flatMap((event) =>
    event.type === 'backfill-finished' ? [event.batches?.longestMs ?? 0] : [],
  );
  return longest.map((ms) => `, longest batch ${ms.toFixed(0)} ms`).join('');
}
