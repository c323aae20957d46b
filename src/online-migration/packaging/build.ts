import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/*
 * Builds the package into `dist/online-migration` of the repository, ready for `npm pack` and `npm publish`:
 *
 * 1. JavaScript and declarations, by TypeScript.
 * 2. A package.json that names these instead of the sources.
 * 3. The README, the license, and an executable command.
 */

interface Manifest {
  private?: boolean;
  exports: Record<string, string | { types: string; default: string }>;
  bin: Record<string, string>;
  scripts?: unknown;
}

const SOURCES = join(import.meta.dirname, '..');
const ROOT = join(SOURCES, '../..');
const TARGET = join(ROOT, 'dist/online-migration');

const compiler = createRequire(import.meta.url)
  .resolve('typescript/package.json')
  .replace(/package\.json$/, 'bin/tsc');

rmSync(TARGET, { recursive: true, force: true });
execFileSync(process.execPath, [compiler, '--project', join(SOURCES, 'tsconfig.build.json')], {
  stdio: 'inherit',
});
const manifest = JSON.parse(readFileSync(join(SOURCES, 'package.json'), 'utf8')) as Manifest;
writeFileSync(join(TARGET, 'package.json'), `${JSON.stringify(published(manifest), null, 2)}\n`);
cpSync(join(SOURCES, 'README.md'), join(TARGET, 'README.md'));
cpSync(join(ROOT, 'LICENSE'), join(TARGET, 'LICENSE'));
for (const file of Object.values(manifest.bin)) chmodSync(join(TARGET, compiled(file)), 0o755);

/** The manifest of the build: it has no scripts, may be published, and names JavaScript and declarations. */
function published({ private: _private, scripts: _scripts, ...rest }: Manifest): Manifest {
  return {
    ...rest,
    exports: Object.fromEntries(
      Object.entries(rest.exports).map(([name, file]) => [
        name,
        typeof file === 'string' && file.endsWith('.ts')
          ? { types: file.replace(/\.ts$/, '.d.ts'), default: compiled(file) }
          : file,
      ]),
    ),
    bin: Object.fromEntries(Object.entries(rest.bin).map(([name, file]) => [name, compiled(file)])),
  };
}

function compiled(file: string): string {
  return file.replace(/\.ts$/, '.js');
}
