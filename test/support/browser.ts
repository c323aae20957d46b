import { describe } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { findBrowser, launchBrowser } from './installed-browser.ts';

const BROWSER = await findBrowser();
const describeOrSkip = BROWSER === undefined ? describe.skip : describe;

/** A block of tests that need a browser. If none is installed, they are skipped with a message. */
export function describeInBrowser(what: string, tests: () => void): void {
  const title =
    BROWSER === undefined ? `${what} (SKIPPED: apt-get install chromium, or set CHROMIUM_PATH)` : what;
  if (BROWSER === undefined) console.warn(title);
  describeOrSkip(title, tests);
}

/** Starts the browser. */
export function startBrowser(): Promise<Browser> {
  return launchBrowser(BROWSER!);
}
