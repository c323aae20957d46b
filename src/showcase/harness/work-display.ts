import { createLogUpdate } from 'log-update';
import { progressBar } from './progress-bar.ts';
import { lineBeginning, rightAligned, stepHeadings, stepNumbers } from './step-table.ts';
import type { WorkObserver } from './work.ts';
import { writeLines } from './work-lines.ts';

const REDRAW_MS = 100;

/**
 * Shows a command's tasks. On a terminal: a list of steps, with the duration and progress of the current step, and the
 * pending steps below it. Otherwise: a line per task.
 *
 * @param output receives the display
 * @returns the observer; disposing of it ends the display
 */
export function showWork(output: NodeJS.WriteStream): WorkObserver & Disposable {
  return output.isTTY ? showSteps(output) : writeLines((text) => output.write(text));
}

/** The current task. */
interface CurrentWork {
  readonly name: string;
  readonly began: number;
  percent?: number;
}

function showSteps(output: NodeJS.WriteStream): WorkObserver & Disposable {
  const live = createLogUpdate(output);
  let current: CurrentWork | undefined;
  let toCome: readonly string[] = [];
  const draw = () => {
    if (current !== undefined) live([currentLine(current), ...toCome.map((name) => `· ${name}`)].join('\n'));
  };
  const begin = (name: string) => {
    current = { name, began: performance.now() };
    toCome = toCome.filter((other) => other !== name);
    draw();
  };
  const end = (numbers: string) => {
    live.clear();
    if (current !== undefined) output.write(`${lineBeginning(current.name)}${numbers}\n`);
    current = undefined;
  };
  const timer = setInterval(draw, REDRAW_MS);
  return {
    workBegins: begin,
    workEnded: (seconds) => end(rightAligned(seconds.toFixed(2))),
    stepsFollow: (heading, names) => {
      output.write(`\n${heading}\n${stepHeadings()}\n`);
      toCome = names;
    },
    stepBegins: ({ name }) => begin(name),
    stepEnded: (step) => end(stepNumbers(step)),
    progressed: (percent) => {
      if (current !== undefined) current.percent = percent;
    },
    [Symbol.dispose]: () => {
      clearInterval(timer);
      end('');
      live.done();
    },
  };
}

function currentLine({ name, began, percent }: CurrentWork): string {
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  return (
    lineBeginning(name) + rightAligned(seconds) + (percent === undefined ? '' : `  ${progressBar(percent)}`)
  );
}
