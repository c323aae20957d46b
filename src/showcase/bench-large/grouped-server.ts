import type { ThrowawayPostgres } from '../../database/throwaway-postgres.ts';
import { type Connection, connect } from '../harness/connection.ts';
import { startServer } from '../harness/server.ts';
import { createMemoryGroup, type MemoryGroup, NoMemoryGroupError } from './memory-group.ts';

/**
 * As much as PostgreSQL takes by default from 512 MB of shared_buffers on. With less, a statement that writes waits
 * whenever the disk is slow to flush the WAL: 180 ms in one run.
 */
const WAL_BUFFERS = '16MB';

/** A throwaway server in a control group of its own. Disposing of it deletes both. */
export interface GroupedServer extends AsyncDisposable {
  readonly server: ThrowawayPostgres;
  readonly admin: Connection;
  /** Null if this machine allows no group. */
  readonly group: MemoryGroup | null;
  /** The reason for that. */
  readonly noGroupReason: string | null;
}

/**
 * Starts a throwaway PostgreSQL in a control group, so that its memory, including the page cache of its files, can be
 * limited.
 *
 * 1. Start the server. This ends the server of a killed run, so that its group has no process any more.
 * 2. Create the group. This deletes the groups of killed runs.
 * 3. Move the server's processes to the group. It is deleted after the server's end.
 *
 * @param sharedBuffers in bytes
 * @param signal stops the server
 * @param createGroup creates the group; the default is a real one
 */
export async function startGroupedServer(
  sharedBuffers: number,
  signal: AbortSignal,
  createGroup: () => Promise<MemoryGroup> = createMemoryGroup,
): Promise<GroupedServer> {
  await using resources = new AsyncDisposableStack();
  let group: MemoryGroup | null = null;
  let noGroupReason: string | null = null;
  // Resources are disposed of in reverse order, and a group with processes cannot be deleted.
  resources.defer(async () => group?.[Symbol.asyncDispose]());
  const server = resources.use(
    await startServer(signal, {
      shared_buffers: `${Math.round(sharedBuffers / 1024)}kB`,
      wal_buffers: WAL_BUFFERS,
    }),
  );
  const admin = resources.use(await connect(server.url()));
  try {
    group = await createGroup();
    await addServer(group, server, admin);
  } catch (error) {
    if (!(error instanceof NoMemoryGroupError)) throw error;
    noGroupReason = error.message;
  }
  const owned = resources.move();
  return { server, admin, group, noGroupReason, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** All later backends are children of the first process, so they start in its group. */
async function addServer(group: MemoryGroup, server: ThrowawayPostgres, admin: Connection): Promise<void> {
  await group.add([server.pid]);
  const { rows } = await admin.query<{ pid: number }>('select pid from pg_stat_activity');
  await group.add(rows.map(({ pid }) => pid));
}
