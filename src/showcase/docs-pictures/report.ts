import type { Browser } from 'playwright-core';
import { reportPage } from '../demo/report/report-page.ts';
import { runDemo } from '../demo/run-demo.ts';
import type { WorkObserver } from '../harness/work.ts';

const VIEWPORT = { width: 1_000, height: 1_000 };

/**
 * Takes a picture of a demo's whole report.
 * @param file path of the PNG file
 * @param options of the demo
 */
export async function pictureReport(
  browser: Browser,
  file: string,
  options: { readonly rows: number; readonly seed: number },
  signal: AbortSignal,
  observer: WorkObserver,
): Promise<void> {
  const result = await runDemo(options, signal, observer);
  const page = await browser.newPage({ viewport: VIEWPORT, colorScheme: 'light' });
  await page.setContent(reportPage(result, options));
  await page.screenshot({ path: file, fullPage: true });
  await page.close();
}
