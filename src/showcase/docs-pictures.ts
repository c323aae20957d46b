import { join } from 'node:path';
import { z } from 'zod';
import { PROJECT_FOLDER } from '../database/project-folder.ts';
import { LARGEST_NUMBER } from '../large-record/seeding.ts';
import { randomSeed, readOptions, wholeNumber } from '../command-line/command-options.ts';
import { findBrowser, launchBrowser } from '../../test/support/installed-browser.ts';
import { pictureLivePage } from './docs-pictures/live-page.ts';
import { pictureReport } from './docs-pictures/report.ts';
import { showWork } from './harness/work-display.ts';
import { runCommand } from '../command-line/run-command.ts';

// npm run docs:pictures: takes the README's pictures from a real run.

const USAGE = 'npm run docs:pictures -- [--rows <number>] [--seed <number>]';
const DEFAULT_ROWS = 1_000_000;
const FOLDER = join(PROJECT_FOLDER, 'docs/pictures');

const optionsSchema = z.strictObject({
  rows: wholeNumber(1, LARGEST_NUMBER).default(DEFAULT_ROWS),
  seed: randomSeed,
});

await runCommand(async (signal) => {
  const options = readOptions(process.argv.slice(2), USAGE, optionsSchema);
  const path = await findBrowser();
  if (path === undefined) {
    throw new Error(
      'Chromium or Chrome is not installed: install one (apt-get install chromium), or set CHROMIUM_PATH.',
    );
  }
  const browser = await launchBrowser(path);
  try {
    using display = showWork(process.stdout);
    await pictureLivePage(browser, join(FOLDER, 'live-page.png'), options, signal, display);
    await pictureReport(browser, join(FOLDER, 'report.png'), options, signal, display);
  } finally {
    await browser.close();
  }
  console.log(`The pictures are in ${FOLDER}.`);
});
