import { createRequire } from 'node:module';
import semver from 'semver';
import { OnlineMigrationError } from './online-migration-error.ts';

const { engines } = createRequire(import.meta.url)('../package.json') as { engines: { node: string } };

/** The refusal of a version of Node.js that is too old; undefined if the version is supported. */
export function refusalOfNode(version: string): OnlineMigrationError | undefined {
  if (semver.satisfies(version, engines.node, { includePrerelease: true })) return undefined;
  const needed = semver.minVersion(engines.node)!;
  return new OnlineMigrationError(
    'NODE_TOO_OLD',
    `online-migration needs Node.js ${needed.major}.${needed.minor} or newer, and this process runs Node.js ${version}: ` +
      `install a newer Node.js, then run the same command again.`,
    { version, range: engines.node },
  );
}
