import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resetEmbeddedPostgres } from '../../src/database/embedded-postgres.ts';

/** A place for an embedded PostgreSQL of a test's own. */
export interface DataFolder extends AsyncDisposable {
  /** The folder in which the data folder will be. */
  readonly parent: string;
  /** The data folder; it does not exist yet. */
  readonly path: string;
}

/**
 * Makes room for a data folder. Disposing of it stops the server and deletes everything.
 *
 * @param mode who can reach it; where root runs the tests, PostgreSQL runs as another user
 */
export async function createDataFolder(mode = 0o755): Promise<DataFolder> {
  const parent = await mkdtemp(join(tmpdir(), 'embedded-test-'));
  await chmod(parent, mode);
  const path = join(parent, 'postgres');
  return {
    parent,
    path,
    [Symbol.asyncDispose]: async () => {
      await resetEmbeddedPostgres(path);
      await rm(parent, { recursive: true });
    },
  };
}
