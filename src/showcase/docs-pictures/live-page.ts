import type { Browser } from 'playwright-core';
import { seedLargeRecords } from '../../large-record/seeding.ts';
import { startApi } from '../harness/api-process.ts';
import { ClosedLoad } from '../harness/closed-load.ts';
import { Ledger } from '../harness/ledger.ts';
import { migrateUpTo } from '../harness/migration-command.ts';
import { startServer } from '../harness/server.ts';
import { observeWork, type WorkObserver } from '../harness/work.ts';

const VIEWPORT = { width: 1_100, height: 1_250 };
const LOAD = { clients: 6, longestPauseMs: 40 } as const;

/**
 * Takes a picture of the live page halfway through a backfill under load, on a separate server.
 * @param file path of the PNG file
 * @param options.rows number of rows in the table
 * @param options.seed of the load's random choices
 */
export async function pictureLivePage(
  browser: Browser,
  file: string,
  { rows, seed }: { readonly rows: number; readonly seed: number },
  signal: AbortSignal,
  observer: WorkObserver,
): Promise<void> {
  await observeWork(observer, signal, 'picture of live page', async () => {
    await using server = await startServer(signal);
    const url = server.url();
    await migrateUpTo(url, '0001', signal);
    await seedLargeRecords(url, { rows, append: false, signal, report: () => {} });
    await using api = await startApi(url, signal);
    await using _second = await startApi(url, signal);
    await using load = new ClosedLoad([api.url], new Ledger(rows), seed, LOAD);
    const page = await browser.newPage({ viewport: VIEWPORT, colorScheme: 'light' });
    await page.goto(api.url);
    await migrateUpTo(url, '0002', signal);
    const backfill = migrateUpTo(url, '0003', signal);
    await page.locator('#backfill-text', { hasText: /^([3-9]\d\.\d %|Finished)/ }).waitFor({ timeout: 0 });
    await page.screenshot({ path: file });
    await page.close();
    await backfill;
    await load.stop();
  });
}
