import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Router } from '@koa/router';
import type { Sample, Sampler } from './sampler.ts';

const PAGE_FOLDER = join(import.meta.dirname, 'page');
const CHART_FOLDER = join(fileURLToPath(import.meta.resolve('uplot')), '..');

/** Everything that the page loads, all of it from here. */
const FILES: Readonly<Record<string, { readonly path: string; readonly type: string }>> = {
  '/': { path: join(PAGE_FOLDER, 'index.html'), type: 'html' },
  '/live/page.css': { path: join(PAGE_FOLDER, 'page.css'), type: 'css' },
  '/live/page.js': { path: join(PAGE_FOLDER, 'page.js'), type: 'js' },
  '/live/chart.js': { path: join(PAGE_FOLDER, 'chart.js'), type: 'js' },
  '/live/uplot.js': { path: join(CHART_FOLDER, 'uPlot.esm.js'), type: 'js' },
  '/live/uplot.css': { path: join(CHART_FOLDER, 'uPlot.min.css'), type: 'css' },
};

/** The page runs its own scripts, and talks to nobody but this process. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Of a page that reads slowly, samples are left out when so many bytes wait for it. */
const MOST_WAITING_BYTES = 256 * 1024;

/**
 * Adds the live page: `/`, what it loads, and `/live/events`, its server-sent events.
 *
 * @param router receives the routes
 * @param sampler tells the pages what there is to see
 * @param stopping aborted when the process is about to end: the streams end too, and hold nobody up
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html for the format
 */
export function addLiveRoutes(router: Router, sampler: Sampler, stopping: AbortSignal): void {
  for (const [route, { path, type }] of Object.entries(FILES)) {
    router.get(route, async (ctx) => {
      ctx.type = type;
      if (type === 'html') ctx.set('Content-Security-Policy', PAGE_POLICY);
      ctx.body = await readFile(path, 'utf8');
    });
  }
  router.get('/live/events', (ctx) => {
    ctx.type = 'text/event-stream';
    ctx.set('X-Accel-Buffering', 'no'); // A proxy that gathers an answer would show nothing.
    ctx.body = ctx.method === 'HEAD' ? '' : eventsOf(sampler, stopping);
  });
}

function eventsOf(sampler: Sampler, stopping: AbortSignal): Readable {
  let unsubscribe: (() => void) | undefined;
  const end = () => {
    unsubscribe?.();
    stream.push(null);
  };
  const stream = new Readable({
    read: () => {},
    destroy: (error, callback) => {
      unsubscribe?.();
      stopping.removeEventListener('abort', end);
      callback(error);
    },
  });
  if (stopping.aborted) end();
  else {
    stopping.addEventListener('abort', end);
    unsubscribe = sampler.subscribe((sample) => {
      const isTaken = stream.readableLength < MOST_WAITING_BYTES;
      if (isTaken) stream.push(eventOf(sample));
      return isTaken;
    });
  }
  return stream;
}

function eventOf(sample: Sample): string {
  return `data: ${JSON.stringify(sample)}\n\n`;
}
