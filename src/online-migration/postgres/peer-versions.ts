import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import semver from 'semver';
import { OnlineMigrationError } from '../change/online-migration-error.ts';

/** Libraries that are tested in a range of versions. */
export type PeerName =
  | '@mikro-orm/core'
  | '@mikro-orm/migrations'
  | '@mikro-orm/postgresql'
  | 'pg'
  | 'pg-boss';

const require = createRequire(import.meta.url);
const { peerDependencies } = require('../package.json') as {
  peerDependencies: Record<PeerName, string>;
};

const checked = new Set<PeerName>();

/**
 * Refuses an untested version of a library.
 * @throws OnlineMigrationError that names the installed version and the range
 */
export function assertPeerVersion(name: PeerName): void {
  if (checked.has(name)) return;
  const range = peerDependencies[name];
  const version = installedVersion(name);
  if (version !== undefined && !semver.satisfies(version, range)) {
    throw new OnlineMigrationError(
      'PEER_VERSION',
      `${name} ${version} is installed, and this version of online-migration is tested with ${range}: install that one, or a ` +
        `version of online-migration that is tested with ${name} ${version}.`,
      { name, version, range },
    );
  }
  checked.add(name);
}

/** Undefined if the library is not installed. */
function installedVersion(name: PeerName): string | undefined {
  // Not every version of every library exports its package.json, and an old Node.js has no `findPackageJSON`.
  const path = (require.resolve.paths(name) ?? [])
    .map((folder) => join(folder, name, 'package.json'))
    .find((file) => existsSync(file));
  return path && (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
