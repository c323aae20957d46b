// @ts-check
import { Chart } from './chart.js';

/** @typedef {import('../sampler.ts').Sample} Sample */
/** @typedef {NonNullable<Sample['overview']>} Overview */

/** The creation of the table and the five phases, each with its stage. The purposes of a phase's locks start with its name. */
const PHASES = [
  { name: 'create', stage: 'initial' },
  { name: 'expand', stage: 'expanded' },
  { name: 'backfill', stage: 'backfilled' },
  { name: 'enforce', stage: 'enforced' },
  { name: 'contract', stage: 'contracted' },
  { name: 'rename', stage: 'renamed' },
];
const MEBIBYTE = 1024 * 1024;
/** The summary above the charts covers this many seconds. */
const SUMMED_SECONDS = 60;

const numbers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

const requestsChart = new Chart(element('requests-chart'), [
  { label: 'requests per second', colour: '--now' },
  { label: 'failures per second', colour: '--failed' },
]);
const latencyChart = new Chart(element('latency-chart'), [
  { label: 'p50', colour: '--now' },
  { label: 'p99', colour: '--p99' },
]);
/** @type {Sample['seconds'][number][]} */
let recent = [];
let shownStage = '';

const events = new EventSource('/live/events');
events.addEventListener('open', () => {
  // A new connection first receives all stored seconds.
  recent = [];
  requestsChart.clear();
  latencyChart.clear();
  setText('connection', 'live');
});
events.addEventListener('error', () => setText('connection', 'The API does not answer; retrying.'));
events.addEventListener('message', ({ data }) => show(JSON.parse(data)));

/** @param {Sample} sample */
function show({ overview, problem, seconds }) {
  showRequests(seconds);
  const box = element('problem');
  box.hidden = problem === null;
  if (box.textContent !== (problem ?? '')) box.textContent = problem ?? '';
  if (overview === null) return;
  setText('active-column', overview.activeColumn);
  showPhases(overview);
  showBackfill(overview);
  showRows(
    'processes',
    overview.processes,
    'No process has announced its column.',
    ({ process, form, address }) => [process, `${form} column`, address ?? 'this machine'],
  );
  showRows(
    'waits',
    overview.lockWaits,
    'No session is waiting.',
    ({ pid, application, mode, target, seconds: waited, holders }) => [
      `${pid} ${application}`,
      mode,
      target,
      tenths.format(waited),
      holders.map((holder) => `${holder.pid} ${holder.application} (${holder.state})`).join(', '),
    ],
  );
  showRows(
    'holds',
    overview.lockHolds,
    'No phase has taken a lock yet.',
    ({ purpose, mode, milliseconds, releasedAt }) => [
      purpose,
      mode,
      tenths.format(milliseconds),
      new Date(releasedAt).toLocaleTimeString(),
    ],
  );
}

/** @param {Overview} overview */
function showPhases({ stage, lockHolds, backfill }) {
  const present = PHASES.findIndex((phase) => phase.stage === stage);
  const items = PHASES.map(({ name }, index) => {
    const item = document.createElement('li');
    const holds = lockHolds.filter(
      (hold) =>
        hold.purpose === name || hold.purpose.startsWith(`${name}:`) || hold.purpose.startsWith(`${name},`),
    );
    const longest = Math.max(...holds.map(({ milliseconds }) => milliseconds));
    if (index < present) item.className = 'done';
    if (index === present) item.setAttribute('aria-current', 'step');
    item.append(
      span('name', name),
      span(
        'lock',
        holds.length === 0
          ? standing(index, present)
          : `${standing(index, present)}; lock ${tenths.format(longest)} ms`,
      ),
    );
    return item;
  });
  element('phases').replaceChildren(...items);
  const working = backfill !== null && !backfill.finished;
  if (stage === shownStage) return;
  // A screen reader announces each change once.
  setText('announcement', `The stage is ${stage}${working ? ', a backfill is running' : ''}.`);
  shownStage = stage;
}

/**
 * @param {number} index
 * @param {number} present
 */
function standing(index, present) {
  if (index === present) return 'current';
  return index < present ? 'done' : 'pending';
}

/** @param {Overview} overview */
function showBackfill({ backfill, size }) {
  const bar = /** @type {HTMLProgressElement} */ (element('backfill-bar'));
  bar.value = backfill?.percent ?? 0;
  setText('backfill-text', backfillText(backfill));
  setText(
    'size-text',
    size === null
      ? 'The table is locked, so its size is unavailable.'
      : `Table ${megabytes(size.heapBytes)}, indexes ${megabytes(size.indexBytes)}, about ${numbers.format(size.estimatedRows)} rows.`,
  );
}

/** @param {Overview['backfill']} backfill */
function backfillText(backfill) {
  if (backfill === null) return 'Not started.';
  const { rowsDone, rowsTotal, percent, rowsPerSecond, etaSeconds, pausedFor, finished, direction } =
    backfill;
  const way = direction === 'forward' ? '' : ' backward';
  if (finished) return `Finished: ${numbers.format(rowsDone)} rows${way}.`;
  const left = etaSeconds === null ? 'time left unknown' : `${numbers.format(etaSeconds)} s left`;
  const now = pausedFor === null ? `${numbers.format(rowsPerSecond)} rows/s, ${left}` : `waits: ${pausedFor}`;
  return `${tenths.format(percent)} %, ${numbers.format(rowsDone)} of ${numbers.format(rowsTotal)} rows${way}, ${now}.`;
}

/** @param {Sample['seconds']} seconds */
function showRequests(seconds) {
  for (const { at, requests, failed, p50Ms, p99Ms } of seconds) {
    requestsChart.add(at, [requests, failed]);
    latencyChart.add(at, [p50Ms, p99Ms]);
  }
  requestsChart.show();
  latencyChart.show();
  recent = [...recent, ...seconds].slice(-SUMMED_SECONDS);
  const requests = recent.reduce((sum, second) => sum + second.requests, 0);
  const failed = recent.reduce((sum, second) => sum + second.failed, 0);
  const newest = recent.findLast(({ p99Ms }) => p99Ms !== null);
  const latency =
    newest === undefined
      ? ''
      : `; newest p50 ${tenths.format(newest.p50Ms ?? 0)} ms, p99 ${tenths.format(newest.p99Ms ?? 0)} ms`;
  setText(
    'requests-text',
    `Last ${recent.length} seconds: ${numbers.format(requests)} requests, ${numbers.format(failed)} failed${latency}.`,
  );
  element('requests-text').classList.toggle('failing', failed > 0);
}

/**
 * @template Entry
 * @param {string} id of the table's body
 * @param {readonly Entry[]} entries
 * @param {string} otherwise the text if there are no entries
 * @param {(entry: Entry) => readonly string[]} cells
 */
function showRows(id, entries, otherwise, cells) {
  const rows = entries.map((entry) => row(cells(entry)));
  element(id).replaceChildren(...(rows.length === 0 ? [row([otherwise])] : rows));
}

/** @param {readonly string[]} texts */
function row(texts) {
  const result = document.createElement('tr');
  const cells = texts.map((text) => Object.assign(document.createElement('td'), { textContent: text }));
  if (cells.length === 1 && cells[0]) cells[0].colSpan = 5;
  result.append(...cells);
  return result;
}

/**
 * @param {string} className
 * @param {string} text
 */
function span(className, text) {
  return Object.assign(document.createElement('span'), { className, textContent: text });
}

/** @param {number} bytes */
function megabytes(bytes) {
  return `${numbers.format(bytes / MEBIBYTE)} MB`;
}

/**
 * @param {string} id
 * @param {string} text
 */
function setText(id, text) {
  const found = element(id);
  if (found.textContent !== text) found.textContent = text;
}

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element ${id}.`);
  return found;
}
