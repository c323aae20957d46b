import { preflight } from '../verify/preflight.ts';
import { chosenChange } from './project/chosen-change.ts';
import { connectionOf, describeConnection, loadConfig } from './project/config-file.ts';
import { describePreflight } from './preflight-text.ts';
import type { ProgramOptions } from './run-command.ts';
import { showRowsProgress } from './rows-progress.ts';

/**
 * Checks a change and prints the result.
 * @returns the exit code: 1 if the change would fail
 */
export async function checkChange(
  name: string | undefined,
  { config: file, json = false, command }: ProgramOptions,
  signal: AbortSignal,
): Promise<number> {
  const config = await loadConfig(file);
  const change = chosenChange(name, { ...config, command });
  const connection = await connectionOf(config);
  if (!json) console.log(describeConnection(connection));
  using progress = showRowsProgress(process.stderr);
  const result = await preflight(change, {
    connection,
    signal,
    onEvent: (event) => {
      if (event.type === 'values-classified') progress.update(event.rows, event.rowsTotal);
    },
  });
  progress[Symbol.dispose]();
  if (json) console.log(JSON.stringify(result));
  else for (const line of describePreflight(change, result)) console.log(line);
  return result.isReady ? 0 : 1;
}
