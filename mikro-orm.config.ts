import { useLittleMemory } from 'online-migration/little-memory';

/** The configuration of `npx mikro-orm`. */
export default async function commandLineOptions() {
  useLittleMemory();
  // Loaded afterwards, because loading takes memory, too.
  const { migrationOptions } = await import('./src/migration-options.ts');
  return migrationOptions();
}
