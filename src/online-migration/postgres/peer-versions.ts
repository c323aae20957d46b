import { readFileSync } from 'node:fs';
import { createRequire, findPackageJSON } from 'node:module';
import semver from 'semver';
import { OnlineMigrationError } from '../change/online-migration-error.ts';

/** Libraries that are tested in a range of versions. */
export type PeerName =
  | '@mikro-orm/core'
  | '@mikro-orm/migrations'
  | '@mikro-orm/postgresql'
  | 'pg'
  | 'pg-boss';

const { peerDependencies } = createRequire(import.meta.url)('../package.json') as {
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
  try {
    // Not every version of every library exports its package.json.
    const path = findPackageJSON(name, import.meta.url);
    return path && (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  } catch {
    return undefined;
  }
}
