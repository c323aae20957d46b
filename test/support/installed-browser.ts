import { access, constants } from 'node:fs/promises';
import { type Browser, chromium } from 'playwright-core';

/** Where the systems' own packages put it. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The page needs no network, and the browser is to look nothing up by itself. */
const ARGUMENTS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-gpu',
];

/**
 * Finds a Chromium or Chrome: the one of CHROMIUM_PATH, else one in the usual places.
 * @returns its path; undefined where there is none
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

/** Starts a browser without a window. */
export function launchBrowser(executablePath: string): Promise<Browser> {
  // Chromium refuses to run its sandbox as root, which is who runs in many containers.
  const chromiumSandbox = process.getuid?.() !== 0;
  return chromium.launch({ executablePath, args: ARGUMENTS, chromiumSandbox });
}
