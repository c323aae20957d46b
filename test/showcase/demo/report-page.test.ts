import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { reportPage } from '../../../src/showcase/demo/report/report-page.ts';
import { describeInBrowser, startBrowser } from '../../support/browser.ts';
import { demoResult } from './demo-result.ts';

const page = reportPage(demoResult, { rows: 2_000, seed: 7 });

describe('the report', () => {
  it('describes the requests and the writes of each way', () => {
    const [, safe, recipe, direct] = page.split('<section>');
    expect(safe).toContain(
      '<strong class="good">Requests were answered without a gap, at most 31 ms apart; 0 requests were refused or failed.</strong>',
    );
    expect(safe).toContain('100 contain them');
    expect(safe).not.toContain('"bad"');
    expect(recipe).toContain(
      '<strong class="bad">Requests were answered without a gap, at most 31 ms apart; 10 requests were refused or failed.</strong>',
    );
    expect(recipe).toContain('<strong class="bad">7 contain another value</strong>');
    expect(recipe).toContain('ACCESS EXCLUSIVE was held for at most 3.2 ms');
    expect(direct).toContain(
      '<strong class="bad">No request was answered for up to 1.93 s, and for 2.13 s in total; 0 requests were refused or failed.</strong>',
    );
  });

  it('escapes texts', () => {
    expect(page).toContain('&lt;0002&gt; &amp; &quot;expand&quot;');
    expect(page).toContain('A &lt;fast&gt; one');
  });

  it('is self-contained, without scripts', () => {
    expect(page).not.toMatch(/<script|<link|https?:|@import|url\(/);
  });
});

async function withReport(work: (page: Page, requests: string[]) => Promise<void>): Promise<void> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'report-'));
  const file = join(folder.path, 'report.html');
  await writeFile(file, page);
  const browser = await startBrowser();
  try {
    const opened = await browser.newPage({ viewport: { width: 360, height: 740 } });
    const requests: string[] = [];
    opened.on('request', (request) => requests.push(request.url()));
    opened.on('pageerror', (error) => requests.push(error.message));
    await opened.goto(pathToFileURL(file).href);
    await work(opened, requests);
  } finally {
    await browser.close();
  }
}

describeInBrowser('the report, opened from disk,', () => {
  it('draws three timelines on one scale, with their points, failures and locks', async () => {
    await withReport(async (opened, requests) => {
      const charts = await opened.locator('svg').evaluateAll((found) =>
        found.map((chart) => {
          const element = chart as unknown as {
            querySelector(selector: string): { getAttribute(name: string): string };
            querySelectorAll(selector: string): { length: number };
          };
          return {
            points: element.querySelector('path.served').getAttribute('data-points'),
            failed: element.querySelectorAll('rect.failed').length,
            exclusive: element.querySelectorAll('rect.exclusive').length,
          };
        }),
      );
      expect(charts).toEqual([
        { points: '40', failed: 0, exclusive: 1 },
        { points: '40', failed: 10, exclusive: 1 },
        { points: '40', failed: 0, exclusive: 1 },
      ]);
      expect(requests).toHaveLength(1);
    });
  });

  it('fits a phone, prints, and has no accessibility violation', async () => {
    await withReport(async (opened) => {
      expect(await opened.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      await opened.evaluate(
        await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8'),
      );
      const { violations } = (await opened.evaluate('axe.run()')) as { violations: { id: string }[] };
      expect(violations.map(({ id }) => id)).toEqual([]);
      const paper = await opened.pdf({ format: 'A4' });
      expect(paper.subarray(0, 5).toString()).toBe('%PDF-');
    });
  });
});
