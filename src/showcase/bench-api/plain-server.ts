import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { Pool } from 'pg';
import { readConfig } from '../../config.ts';

// A minimal server with the same answers: Koa, one handler and `pg`, on one column only. It has no router, validation,
// metrics, limits or ORM. `bench:api` starts it with the timestamp column and its kind: text or timestamp.

const POOL_SIZE = 10;
const DEFAULT_LIMIT = 10;

const [column, kind] = process.argv.slice(2);
const timestamp = kind === 'text' ? column : `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')`;

const { databaseUrl, host } = readConfig();
const pool = new Pool({ connectionString: databaseUrl, max: POOL_SIZE });

interface Row {
  readonly id: string;
  readonly name: string;
  readonly created_at: string;
}

const koa = new Koa();
koa.use(async (ctx) => {
  if (ctx.method === 'POST') {
    const { rows } = await pool.query<Row>(
      `insert into large_record (name, ${column}) values ($1, $2) returning id, name, ${timestamp} as created_at`,
      valuesOf(await readBody(ctx.req)),
    );
    ctx.status = 201;
    ctx.body = answerOf(rows[0]!);
    return;
  }
  const { rows } = await pool.query<Row>(
    `select id, name, ${timestamp} as created_at from large_record where id > $1 order by id limit $2`,
    [ctx.query['after'] ?? 0, ctx.query['limit'] ?? DEFAULT_LIMIT],
  );
  ctx.body = { records: rows.map(answerOf), count: rows.length };
});
const answer = koa.callback();
const server = createServer((request, response) => void answer(request, response)).listen(0, host, () => {
  const { port } = server.address() as AddressInfo;
  console.log(`"Listening on http://127.0.0.1:${port}"`);
});

async function readBody(request: AsyncIterable<Buffer>): Promise<Omit<Row, 'id'>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString()) as Omit<Row, 'id'>;
}

function valuesOf({ name, created_at }: Omit<Row, 'id'>): string[] {
  return [name, kind === 'text' ? created_at : `${created_at}+00`];
}

function answerOf({ id, name, created_at }: Row): object {
  return { id: Number(id), name, created_at };
}
