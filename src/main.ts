import { once } from 'node:events';
import { MikroORM } from '@mikro-orm/postgresql';
import { readConfig } from './config.ts';
import { resolveDatabase } from './database/resolve-database.ts';
import { buildApplication } from './http/application.ts';
import { listen } from './http/listener.ts';
import { ormOptions } from './large-record/orm.ts';

/** Serves the API until SIGTERM or SIGINT; a second signal ends the process at once. */
async function main(): Promise<void> {
  const config = readConfig();
  const database = await resolveDatabase(config);
  console.log(database.description);

  const orm = await MikroORM.init(ormOptions(database.url));
  try {
    const application = await buildApplication(orm, console.error);
    const listener = await listen(application, config.host, config.port);
    console.log(`Listening on ${listener.url}`);
    await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
    await listener.close();
  } finally {
    await orm.close();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
