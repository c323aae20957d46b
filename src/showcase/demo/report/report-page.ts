import { rowCount } from '../../../command-line/row-count.ts';
import { COMPARED } from '../comparison.ts';
import { circumstancesText } from '../circumstances.ts';
import type { DemoResult } from '../run-demo.ts';
import type { WayResult } from '../way.ts';
import { escapeHtml } from './escape-html.ts';
import { GAP_MS } from '../../harness/timeline.ts';
import { REPORT_STYLE } from './style.ts';
import { commonScale, type Scale, timelineChart } from './timeline-chart.ts';

/**
 * The report as a self-contained HTML file without scripts.
 * @param options.rows number of rows in the table
 * @param options.seed of the load's random choices
 */
export function reportPage(
  result: DemoResult,
  options: { readonly rows: number; readonly seed: number },
): string {
  const ways = [result.safe, result.recipe, result.direct];
  const scale = commonScale(ways.map(({ timeline }) => timeline));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>varchar to timestamptz, three ways</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<main>
<h1>varchar to timestamptz, three ways</h1>
<p>A table of ${rowCount(options.rows)} rows changes the type of a column while an API reads and writes it. The charts are on
the same scale: requests through time, in pieces of 100 ms, <span class="key served"></span> served and
<span class="key failed"></span> failed. Below each: <span class="key exclusive"></span> ACCESS EXCLUSIVE, which blocks
all other sessions, and <span class="key shared"></span> ROW EXCLUSIVE of batches.</p>
${ways.map((way) => section(way, scale)).join('\n')}
<h2>Side by side</h2>
<div class="scroll" role="region" aria-label="Side by side" tabindex="0">
${table(result)}
</div>
<h2>Measurements and machine</h2>
<p>${escapeHtml(circumstancesText(result.circumstances)).replaceAll('\n', '<br>')}<br>
Seconds and requests cover the changes, without the idle time before them. A request has failed if its answer was wrong or
took longer than ten seconds. A gap is a time of more than ${GAP_MS} ms without a correct answer to any client; shorter ones
are normal with the pauses of this load. Made by <code>npm run demo -- --rows ${options.rows} --seed
${options.seed} --report report.html</code>.</p>
</main>
</body>
</html>
`;
}

function section(way: WayResult, scale: Scale): string {
  const { heading, total, timeline } = way;
  const title =
    `${heading}: ${rowCount(total.requests)} requests, ${rowCount(total.failed)} failed, ` +
    `longest gap between answers ${duration(timeline.longestGapMs)}`;
  return `<section>
<h2>${escapeHtml(heading)}</h2>
${timelineChart(timeline, scale, title)}
<p>${sentences(way)}</p>
</section>`;
}

/** Sentences about the requests, the locks and the acknowledged writes. */
function sentences({ total, timeline, ledger, writtenRows, steps }: WayResult): string {
  const failed = steps.reduce((sum, step) => sum + step.failed, 0);
  const exclusive = timeline.locks.filter(({ mode }) => mode === 'ACCESS EXCLUSIVE');
  const longest = Math.max(0, ...exclusive.map(({ beganMs, endedMs }) => endedMs - beganMs));
  const kept = writtenRows - ledger.different - ledger.missing;
  return [
    `<strong class="${failed > 0 || timeline.unservedMs > 0 ? 'bad' : 'good'}">${gaps(timeline)}; ` +
      `${rowCount(failed)} requests were refused or failed.</strong>`,
    `The longest request took ${duration(total.maxMs)}.`,
    `ACCESS EXCLUSIVE was held for at most ${longest.toFixed(1)} ms.`,
    `Of ${rowCount(writtenRows)} rows with acknowledged writes, ${rowCount(kept)} contain them, ` +
      `<strong class="${ledger.different > 0 ? 'bad' : 'good'}">${rowCount(ledger.different)} contain another value</strong>, ` +
      `<strong class="${ledger.missing > 0 ? 'bad' : 'good'}">${rowCount(ledger.missing)} are missing</strong>.`,
  ].join(' ');
}

/** How long no request was answered. */
function gaps({ longestGapMs, unservedMs }: WayResult['timeline']): string {
  return unservedMs > 0
    ? `No request was answered for up to ${duration(longestGapMs)}, and for ${duration(unservedMs)} in total`
    : `Requests were answered without a gap, at most ${duration(longestGapMs)} apart`;
}

function duration(milliseconds: number): string {
  return milliseconds < 1_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1_000).toFixed(2)} s`;
}

function table({ safe, recipe, direct }: DemoResult): string {
  const row = ({ heading, text }: (typeof COMPARED)[number]) =>
    `<tr><th scope="row">${heading}</th>${[safe, recipe, direct].map((way) => `<td>${text(way)}</td>`).join('')}</tr>`;
  return `<table>
<thead><tr><td></td><th scope="col">this project</th><th scope="col">published recipe</th><th scope="col">direct ALTER</th></tr></thead>
<tbody>
${COMPARED.map(row).join('\n')}
</tbody>
</table>`;
}
