import type { Config } from '../../../src/config.ts';
import { type ApiProcess, startApiProcess } from '../api-process.ts';
import { startTestApplication, type TestApplication } from '../test-application.ts';
import { notes } from './notes-feature.ts';

/** What runs the notes as a process of its own. */
export const SERVE_NOTES = 'test/support/notes/serve-notes.ts';

/** The notes, served by the process of the test. */
export function startNotes(databaseUrl: string, options: Partial<Config> = {}): Promise<TestApplication> {
  return startTestApplication(databaseUrl, options, [notes]);
}

/** The notes, served by a process of their own. */
export function startNotesProcess(
  databaseUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ApiProcess> {
  return startApiProcess(databaseUrl, env, SERVE_NOTES, [notes]);
}
