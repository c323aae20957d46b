import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resetEmbeddedPostgres } from '../../src/database/embedded-postgres.ts';

/** A folder for a test's embedded PostgreSQL. */
export interface DataFolder extends AsyncDisposable {
  /** The parent of the data folder. */
  readonly parent: string;
  /** The data folder; it does not exist yet. */
  readonly path: string;
}

/**
 * Creates a parent for a data folder. Disposing of it stops the server and deletes everything.
 *
 * @param mode of the parent; if root runs the tests, PostgreSQL runs as another user
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
