import type { MikroORM } from '@mikro-orm/core';
import type { Pool } from 'pg';
import { NEUTRAL_SETTINGS, settingsStatement } from '../postgres/session-settings.ts';

/**
 * Gives each connection of MikroORM's pool the settings that migrations need. A role that is read-only by default, or
 * has no search_path, could not write the ledger. Only for the command line; an application keeps the settings of its
 * role.
 */
export function neutralizePool(orm: MikroORM): void {
  const options = orm.config.get('driverOptions');
  // A project's own dialect or client opens connections in its own way.
  if (typeof options !== 'object' || 'createDriver' in options || 'selectFrom' in options) return;
  const { onPoolCreated } = options as { onPoolCreated?: (pool: Pool) => void };
  // MikroORM's connection already has this object.
  Object.assign(options, {
    onPoolCreated: (pool: Pool) => {
      onPoolCreated?.(pool);
      pool.on('connect', (client) => {
        // The statement that needs the setting will report a failure.
        client.query(settingsStatement(NEUTRAL_SETTINGS)).catch(() => undefined);
      });
    },
  });
}
