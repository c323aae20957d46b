import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, it } from '@jest/globals';
import { describeInTerminal, inTerminal, shownLines } from '../../support/terminal.ts';

const PROJECT_FOLDER = join(import.meta.dirname, '../../..');

/** Shows two tasks and one step, with two pending steps. */
const SCRIPT = `
import { showWork } from './src/showcase/harness/work-display.ts';
import { setTimeout as delay } from 'node:timers/promises';
const display = showWork(process.stdout);
display.workBegins('seed 1,000,000 rows');
for (const percent of [0, 50, 100]) { display.progressed(percent); await delay(250); }
display.workEnded(0.75);
display.stepsFollow('The safe way', ['idle', '0002 expand', '0003 backfill']);
display.stepBegins({ name: 'idle' });
await delay(250);
display.stepEnded({ name: 'idle', seconds: 0.25, requests: 1234567, failed: 0, p50Ms: 1, p99Ms: 2, maxMs: 3 });
display.stepBegins({ name: '0002 expand' });
await delay(250);
display[Symbol.dispose]();
`;

const run = (program: string, commandArguments: readonly string[]) =>
  spawnSync(program, commandArguments, {
    cwd: PROJECT_FOLDER,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '', TERM: 'xterm', SCRIPT },
  });

describeInTerminal('the work of a command in a terminal of 80 columns', () => {
  it('shows a bar and the pending steps, and in the end a whole line for each', async () => {
    const command = `${process.execPath} --input-type module --eval "$SCRIPT"`;
    const { stdout, status } = run('script', inTerminal(command));
    expect(status).toBe(0);
    expect(stdout).toContain('==========---------- 50.0 %');
    expect(stdout).toContain('· 0003 backfill');
    const lines = (await shownLines(stdout)).map((line) => line.trimEnd()).filter(Boolean);
    expect(lines).toEqual([
      'seed 1,000,000 rows       0.75',
      'The safe way',
      'step                   seconds  requests    failed    p50 ms    p99 ms    max ms',
      'idle                      0.25 1,234,567         0       1.0       2.0       3.0',
      '0002 expand',
    ]);
    expect(stdout).not.toMatch(/\[\d*(;\d+)*m/);
  });
});

it('elsewhere writes the same lines and nothing else', () => {
  const { stdout, status } = run(process.execPath, ['--input-type', 'module', '--eval', SCRIPT]);
  expect(status).toBe(0);
  expect(stripVTControlCharacters(stdout)).toBe(stdout);
  expect(stdout).not.toContain('%');
  expect(stdout.split('\n').filter(Boolean)).toHaveLength(5);
});
