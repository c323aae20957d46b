import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { describeInBrowser, startBrowser } from '../../support/browser.ts';
import { hold, held, installDdlHoldPoint, letGo } from '../../support/hold-points.ts';
import { startNotesProcess } from '../../support/notes/notes-application.ts';
import { createNotesTable, type NotesTable } from '../../support/notes/notes-table.ts';
import { send } from '../../support/send.ts';
import type { ApiProcess } from '../../support/api-process.ts';
import { slowUpdatesDown } from '../../support/slow-updates.ts';

const ROWS = 20_000;
/** Longest allowed delay of the page after a commit. */
const LATEST_MS = 2_000;
const PATIENCE_MS = 30_000;
/** The phases as the page names them, and their stages. */
const PHASES = [
  ['create', 'initial'],
  ['expand', 'expanded'],
  ['backfill', 'backfilled'],
  ['enforce', 'enforced'],
  ['contract', 'contracted'],
  ['rename', 'renamed'],
] as const;

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

const present = (page: Page, name: string) => page.locator('#phases li[aria-current]', { hasText: name });

describeInBrowser('the live page', () => {
  const resources = new AsyncDisposableStack();
  let table: NotesTable;
  let api: ApiProcess;
  let browser: Browser;

  beforeAll(async () => {
    table = resources.use(await createNotesTable());
    await table.store(ROWS);
    await installDdlHoldPoint(table.client);
    api = resources.use(await startNotesProcess(table.url));
    browser = resources.adopt(await startBrowser(), (started) => started.close());
  });
  beforeEach(() => table.go('initial'));
  afterAll(() => resources.disposeAsync());

  /** Opens a page and records its errors and the hosts it contacts. */
  async function openPage(options: Parameters<Browser['newPage']>[0] = {}) {
    const page = await browser.newPage(options);
    const problems: string[] = [];
    const hosts = new Set<string>();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) hosts.add(new URL(request.url()).origin);
    });
    await page.goto(api.url);
    await page.locator('#phases li').nth(5).waitFor();
    return { page, problems, hosts, [Symbol.asyncDispose]: () => page.close() };
  }

  it(
    'shows each stage within two seconds of its commit, up and down, the column and the locks',
    async () => {
      await using opened = await openPage();
      const { page } = opened;
      await present(page, 'create').waitFor();
      for (const [name, stage] of [...PHASES.slice(1), ...PHASES.toReversed().slice(1)]) {
        await table.go(stage);
        await present(page, name).waitFor({ timeout: LATEST_MS });
        const column = /enforce|contract/.test(name) ? 'priority_new' : 'priority';
        await page
          .locator('#active-column', { hasText: new RegExp(`^${column}$`) })
          .waitFor({ timeout: LATEST_MS });
      }
      expect(opened.problems).toEqual([]);
      expect([...opened.hosts]).toEqual([new URL(api.url).origin]);
    },
    2 * PATIENCE_MS,
  );

  it('shows in the end how long each phase held its lock, and the mapping that the process uses', async () => {
    await table.go('renamed');
    await using opened = await openPage();
    const { page } = opened;
    await page.locator('#processes tr', { hasText: 'renamed column' }).waitFor();
    for (const [phase] of PHASES.slice(1)) {
      const item = page.locator('#phases li', { hasText: phase });
      expect(await item.textContent()).toMatch(/lock [\d,]+\.\d ms/);
    }
    expect(await page.locator('#holds tr').count()).toBeGreaterThanOrEqual(PHASES.length - 1);
  });

  it('the progress of a backfill advances, and the stage is announced', async () => {
    await table.go('expanded');
    await using opened = await openPage();
    const { page } = opened;
    await table.client.rows(`alter table note disable trigger user`);
    await table.client.rows(`update note set priority_new = null`);
    await table.client.rows(`alter table note enable always trigger "~sync_priority_insert"`);
    await table.client.rows(`alter table note enable always trigger "~sync_priority_update"`);
    await slowUpdatesDown(table.client, `if id % 400 = 0 then perform pg_sleep(0.05); end if;`, 'note');
    const done = table.go('backfilled');
    const percents = new Set<number>();
    while (percents.size < 3) {
      percents.add(
        await page.locator('#backfill-bar').evaluate((bar) => (bar as unknown as { value: number }).value),
      );
      await page.locator('#backfill-text', { hasText: /rows\/s|Finished/ }).waitFor();
    }
    await done;
    await page.locator('#backfill-text', { hasText: 'Finished: 20,000 rows.' }).waitFor();
    expect([...percents]).toEqual([...percents].toSorted((a, b) => a - b));
    await page
      .locator('#announcement', { hasText: 'The stage is backfilled' })
      .waitFor({ state: 'attached' });
    await table.client.rows(`drop function slow cascade`);
    expect(opened.problems).toEqual([]);
  });

  it('failed requests and lock waits are shown', async () => {
    await using opened = await openPage();
    const { page } = opened;
    expect(await page.locator('#requests-text.failing').count()).toBe(0);
    await hold(table.client, 'ddl');
    const phase = table.go('expanded');
    await held(table.client, phase);
    const waiting = send(`${api.url}/notes/`);
    const row = page.locator('#waits tr', { hasText: 'AccessShareLock' });
    await row.waitFor();
    expect(await row.textContent()).toContain('note');
    await page.locator('#size-text', { hasText: 'The table is locked' }).waitFor();
    await letGo(table.client);
    await phase;
    await waiting;
    await table.client.rows(`alter table note rename column id to other`);
    expect((await send(`${api.url}/notes/`)).status).toBe(500);
    await table.client.rows(`alter table note rename column other to id`);
    await page.locator('#requests-text.failing', { hasText: /[1-9]\d* failed/ }).waitFor();
    expect(Number(await page.locator('#requests-chart').getAttribute('data-points'))).toBeGreaterThan(0);
    expect(opened.problems).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('has no accessibility violation in %s', async (colorScheme) => {
    await table.go('enforced');
    await using opened = await openPage({ colorScheme, reducedMotion: 'reduce' });
    const { page } = opened;
    await page.locator('#holds tr', { hasText: 'expand' }).waitFor();
    const axe = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
    await page.evaluate(axe);
    const results = (await page.evaluate('axe.run()')) as AxeResults;
    expect(results.violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])).toEqual([]);
    const drawn = await page.locator('#requests-chart canvas').evaluate((canvas) => {
      const { width, height } = canvas as unknown as { width: number; height: number };
      return width * height;
    });
    expect(drawn).toBeGreaterThan(0);
  });

  it('fits a phone of 360 pixels, and the keyboard reaches the scrolling parts', async () => {
    await using opened = await openPage({ viewport: { width: 360, height: 740 } });
    const { page } = opened;
    await page.locator('#processes tr').first().waitFor();
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(360);
    const names = [];
    for (let index = 0; index < 3; index++) {
      await page.keyboard.press('Tab');
      names.push(await page.evaluate(`document.activeElement.getAttribute('aria-labelledby')`));
    }
    expect(names).toEqual(['processes-heading', 'waits-heading', 'holds-heading']);
  });

  it('reports an unavailable API, and reconnects by itself', async () => {
    await using other = await startNotesProcess(table.url);
    const port = new URL(other.url).port;
    await using opened = await openPage();
    const { page } = opened;
    await page.goto(other.url);
    await page.locator('#connection', { hasText: 'live' }).waitFor();
    other.process.kill('SIGKILL');
    await page.locator('#connection', { hasText: 'does not answer' }).waitFor();
    await using again = await startNotesProcess(table.url, { PORT: port });
    expect(new URL(again.url).port).toBe(port);
    await page.locator('#connection', { hasText: 'live' }).waitFor({ timeout: PATIENCE_MS });
  });
});
