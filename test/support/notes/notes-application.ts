import type { Config } from '../../../src/config.ts';
import { type ApiProcess, startApiProcess } from '../api-process.ts';
import { startTestApplication, type TestApplication } from '../test-application.ts';
import { notes } from './notes-feature.ts';

/** The script that serves notes in a separate process. */
export const SERVE_NOTES = 'test/support/notes/serve-notes.ts';

/** Serves notes in the test's process. */
export function startNotes(databaseUrl: string, options: Partial<Config> = {}): Promise<TestApplication> {
  return startTestApplication(databaseUrl, options, [notes]);
}

/** Serves notes in a separate process. */
export function startNotesProcess(
  databaseUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ApiProcess> {
  return startApiProcess(databaseUrl, env, SERVE_NOTES, [notes]);
}
