import { spawn } from 'node:child_process';
import { once } from 'node:events';

const IS_POSIX = process.platform !== 'win32';

/**
 * Runs npm to its end, with its output on this process's terminal.
 *
 * @param npmArguments arguments of `npm`
 * @param signal tells it to end; the promise waits until it has
 * @param env variables beside those of this process
 * @returns the exit code, null if a signal ended it
 * @throws Error if npm cannot be started, and the signal's reason if it was aborted
 */
export async function runNpm(
  npmArguments: readonly string[],
  signal: AbortSignal,
  env: NodeJS.ProcessEnv = {},
): Promise<number | null> {
  signal.throwIfAborted();
  // `npm run` names its own script there, which starts on every platform as it is.
  const npm = process.env['npm_execpath'];
  const [program, first] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const child = spawn(program, [...first, ...npmArguments], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
    // A group of its own: npm hands a signal on to the shell that it starts, and that to nobody.
    detached: IS_POSIX,
  });
  const stop = () => (IS_POSIX && child.pid !== undefined ? process.kill(-child.pid) : child.kill());
  signal.addEventListener('abort', stop);
  try {
    const [exitCode] = (await once(child, 'close')) as [number | null];
    signal.throwIfAborted();
    return exitCode;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
