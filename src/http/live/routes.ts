import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Router } from '@koa/router';
import type { Sample, Sampler } from './sampler.ts';

const PAGE_FOLDER = join(import.meta.dirname, 'page');
const CHART_FOLDER = join(fileURLToPath(import.meta.resolve('uplot')), '..');

/** All files of the page. */
const FILES: Readonly<Record<string, { readonly path: string; readonly type: string }>> = {
  '/': { path: join(PAGE_FOLDER, 'index.html'), type: 'html' },
  '/live/page.css': { path: join(PAGE_FOLDER, 'page.css'), type: 'css' },
  '/live/page.js': { path: join(PAGE_FOLDER, 'page.js'), type: 'js' },
  '/live/chart.js': { path: join(PAGE_FOLDER, 'chart.js'), type: 'js' },
  '/live/uplot.js': { path: join(CHART_FOLDER, 'uPlot.esm.js'), type: 'js' },
  '/live/uplot.css': { path: join(CHART_FOLDER, 'uPlot.min.css'), type: 'css' },
};

/** The page runs only its own scripts and connects only to this process. */
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

/** If a slow page has this many unsent bytes, samples are skipped. */
const MOST_WAITING_BYTES = 256 * 1024;

/**
 * Adds the live page: `/`, its files, and its server-sent events at `/live/events`.
 *
 * @param router receives the routes
 * @param sampler supplies the pages with samples
 * @param stopping aborted at shutdown; the streams then end and do not delay it
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
