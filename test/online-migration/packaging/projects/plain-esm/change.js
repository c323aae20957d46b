import { Pool } from 'pg';
import { followColumn, phases, preflight, readStatus, runPhase } from 'online-migration';
import { textToNumeric } from 'online-migration/conversions';

const connection = process.env.DATABASE_URL;
const change = {
  table: { schema: 'public', name: 'orders' },
  key: 'id',
  columns: [
    {
      from: { name: 'total', type: 'text' },
      to: { name: 'total_new', type: 'numeric(12,2)' },
      conversion: textToNumeric(12, 2),
    },
  ],
};

const pool = new Pool({ connectionString: connection });
const { isReady } = await preflight(change, { connection });
const follower = await followColumn({ change, pool, connection, log: console.error, pollMs: 50 });
const columns = [];
const stages = [];
const look = async () => {
  const { stage } = await readStatus(pool, change);
  stages.push(stage);
  await follower.refresh();
  columns.push(
    await follower.run(async ({ name }) => (await pool.query(`select "${name}" from orders`)) && name),
  );
};
const names = Object.keys(phases);
for (const name of names) {
  await runPhase(change, name, 'up', { connection });
  await look();
}
for (const name of names.toReversed()) {
  await runPhase(change, name, 'down', { connection });
  await look();
}
await follower[Symbol.asyncDispose]();
await pool.end();
console.log(JSON.stringify({ isReady, stages, columns }));
