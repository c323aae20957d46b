import { join } from 'node:path';
import { type MeasuredRun, measureRun } from '../bench/measured-run.ts';
import type { Method } from '../bench/methods/method.ts';
import { readSpace } from '../bench/space.ts';
import type { OwnedDatabase } from '../bench/template.ts';
import { type Connection, connect } from '../harness/connection.ts';
import type { ServerIo } from './large-result.ts';
import type { GroupedServer } from './grouped-server.ts';
import { type CopyOutcome, copySequentially } from './sequential-copy.ts';

/** A backfill without a load, and the same bytes in sequence. */
export interface AloneRun extends CopyOutcome {
  readonly run: MeasuredRun;
  readonly checkpointSeconds: number;
  readonly io: ServerIo;
}

/**
 * Runs the backfill and a checkpoint, so that all of its bytes are on disk, and then `dd` with the same bytes.
 *
 * @param database a copy of the template for this run only
 * @param noCopyReason the reason that `dd` cannot run; null if it can
 */
export async function measureAlone(
  method: Method,
  database: OwnedDatabase,
  { server, group }: GroupedServer,
  noCopyReason: string | null,
  signal: AbortSignal,
): Promise<AloneRun> {
  await using connection = await connect(database.url);
  const before = await readSpace(connection);
  let checkpointSeconds = 0;
  let io: ServerIo = { readBytes: 0, writtenBytes: 0 };
  const withCheckpoint: Method = {
    ...method,
    run: async (methodDatabase) => {
      const ioBefore = await readIo(connection);
      const outcome = await method.run(methodDatabase);
      const began = performance.now();
      await connection.query('checkpoint');
      checkpointSeconds = (performance.now() - began) / 1000;
      // The process that writes a checkpoint reports its writes before it begins the next one.
      await connection.query('checkpoint');
      io = difference(await readIo(connection), ioBefore);
      return outcome;
    },
  };
  const run = await measureRun(withCheckpoint, 'kept', database, null, signal);
  if (noCopyReason !== null) return { run, checkpointSeconds, io, sequential: null, noCopyReason };
  const after = await readSpace(connection);
  const outcome = await copySequentially(
    {
      folder: server.dataFolder,
      heap: join(server.dataFolder, await readHeapPath(connection)),
      readBytes: before.heapBytes,
      writtenBytes: after.heapBytes + run.walBytes,
      processFile: group?.processFile ?? null,
    },
    signal,
  );
  return { run, checkpointSeconds, io, ...outcome };
}

async function readIo(connection: Connection): Promise<ServerIo> {
  const { rows } = await connection.query<{ read: string; written: string }>(`
    select sum(read_bytes) as read, sum(write_bytes) as written from pg_stat_io where object = 'relation'`);
  return { readBytes: Number(rows[0]!.read), writtenBytes: Number(rows[0]!.written) };
}

function difference(after: ServerIo, before: ServerIo): ServerIo {
  return {
    readBytes: after.readBytes - before.readBytes,
    writtenBytes: after.writtenBytes - before.writtenBytes,
  };
}

async function readHeapPath(connection: Connection): Promise<string> {
  const { rows } = await connection.query<{ path: string }>(
    `select pg_relation_filepath('public.large_record') as path`,
  );
  return rows[0]!.path;
}
