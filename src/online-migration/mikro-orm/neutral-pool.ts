import type { MikroORM } from '@mikro-orm/core';
import type { Pool } from 'pg';
import { NEUTRAL_SETTINGS, settingsStatement } from '../postgres/session-settings.ts';

/**
 * Lets each connection of MikroORM's pool begin with the settings that migrations need: a role that only reads by default, or
 * has no search_path, could not write the ledger. For the command line alone; an application keeps the settings of its role.
 */
export function neutralizePool(orm: MikroORM): void {
  const options = orm.config.get('driverOptions');
  // A dialect or a client of the project's own opens connections as it likes.
  if (typeof options !== 'object' || 'createDriver' in options || 'selectFrom' in options) return;
  const { onPoolCreated } = options as { onPoolCreated?: (pool: Pool) => void };
  // MikroORM's connection has this very object already.
  Object.assign(options, {
    onPoolCreated: (pool: Pool) => {
      onPoolCreated?.(pool);
      pool.on('connect', (client) => {
        // A failure shows in the statement that needs the setting.
        client.query(settingsStatement(NEUTRAL_SETTINGS)).catch(() => undefined);
      });
    },
  });
}
