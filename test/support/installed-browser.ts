import { access, constants } from 'node:fs/promises';
import { type Browser, chromium } from 'playwright-core';

/** The usual paths of system packages. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The page needs no network, and the browser must not make requests of its own. */
const ARGUMENTS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-gpu',
];

/**
 * Finds Chromium or Chrome: at CHROMIUM_PATH, otherwise at the usual paths.
 * @returns its path; undefined if there is none
 */
export async function findBrowser(): Promise<string | undefined> {
  const { CHROMIUM_PATH: chosen } = process.env;
  for (const path of chosen ? [chosen] : PLACES) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

/** Starts a headless browser. */
export function launchBrowser(executablePath: string): Promise<Browser> {
  // Chromium's sandbox does not run as root, the usual user in containers.
  const chromiumSandbox = process.getuid?.() !== 0;
  return chromium.launch({ executablePath, args: ARGUMENTS, chromiumSandbox });
}
