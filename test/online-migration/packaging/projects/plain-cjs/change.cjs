const { Pool } = require('pg');
const { OnlineMigrationError, phases, readStatus, runPhase } = require('online-migration');
const { textToNumeric } = require('online-migration/conversions');

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

async function main() {
  const pool = new Pool({ connectionString: connection });
  const stages = [];
  const names = Object.keys(phases);
  for (const [direction, ordered] of [
    ['up', names],
    ['down', names.toReversed()],
  ]) {
    for (const name of ordered) {
      await runPhase(change, name, direction, { connection });
      stages.push((await readStatus(pool, change)).stage);
    }
  }
  const refusal = await runPhase(change, 'rename', 'up', { connection }).catch((error) => error);
  await pool.end();
  console.log(JSON.stringify({ stages, isRefusal: refusal instanceof OnlineMigrationError }));
}

void main();
