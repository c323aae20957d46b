import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly bin?: Readonly<Record<string, string>>;
}

/** A row of the page's tables. */
interface Entry {
  readonly name: string;
  readonly where: string;
}

const ROOT = join(import.meta.dirname, '..');
/** A regular expression for a package's name, but not for Node's modules or relative paths. */
const ANY_PACKAGE = String.raw`(?:@[\w-]+\/)?[\w-]+`;
const TYPES = '@types/';
/** The folders that users of the template delete. Packages used only there may stay in the list. */
const DELETED = /^(?:src|test)\/(?:large-record|showcase)\//;
/** MikroORM's CLI tries several loaders and names this one only in its code. */
const LOADER_OF_CLI = { loader: 'tsx', cli: '@mikro-orm/cli' };

/** The package in the repository, with its own manifest. */
const WORKSPACE = 'online-migration';
const manifest = readManifest('package.json');
const ownPackage = readManifest(`src/${WORKSPACE}/package.json`);
const sources = globSync(['{src,test,migrations}/**/*.{ts,js}', '*.ts'], { cwd: ROOT })
  .filter((path) => statSync(join(ROOT, path)).isFile())
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
const [, runTime = '', development = ''] = readFileSync(join(ROOT, 'docs/dependencies.md'), 'utf8').split(
  '\n## ',
);
const entries = [...entriesOf(runTime), ...entriesOf(development)];
const names = new Set(entries.map(({ name }) => name));

describe('docs/dependencies.md', () => {
  it('lists exactly the packages of package.json', () => {
    const { [WORKSPACE]: _own, ...dependencies } = { ...ownPackage.dependencies, ...manifest.dependencies };
    expect(entriesOf(runTime).map(({ name }) => name)).toEqual(Object.keys(dependencies).toSorted());
    expect(entriesOf(development).map(({ name }) => name)).toEqual(Object.keys(manifest.devDependencies));
  });

  it.each(entries)('lists the uses of $name', (entry) => {
    const places = placesOf(entry);
    expect(places).not.toEqual([]);
    expect(places.filter((place) => !isDeleted(place) && !isUsed(entry, place))).toEqual([]);
  });
});

describe('package.json', () => {
  it('lists the imports of the application as runtime dependencies', () => {
    const application = /^(migrations|mikro-orm|src\/(?!showcase\/(bench-api|docs-pictures)\/))/;
    const used = Object.keys(manifest.devDependencies).filter((name) =>
      importers(name).some((path) => application.test(path)),
    );
    expect(used).toEqual([]);
  });

  it.each(['@mikro-orm/', 'testcontainers', 'jest'])(
    'has a single version of all packages matching %s…',
    (part) => {
      const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
        ([name]) => !name.startsWith('@swc/') && name.includes(part),
      );
      expect(new Set(versions.map(([, version]) => version)).size).toBe(1);
    },
  );

  it('lists every imported package', () => {
    const imported = sources.flatMap(({ text }) => [...text.matchAll(importOf(ANY_PACKAGE))]);
    expect(
      imported.map(([, name]) => name!).filter((name) => name !== WORKSPACE && !names.has(name)),
    ).toEqual([]);
  });
});

/** The rows of a table whose first cell is a package in backticks. */
function entriesOf(section: string): Entry[] {
  return section.split('\n').flatMap((line) => {
    const [, name] = /^\| `([^`]+)`/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, where: line.split('|').at(-2)!.trim() }];
  });
}

function placesOf({ where }: Entry): string[] {
  return [...where.matchAll(/`([^`]+)`/g)].map(([, place]) => place!);
}

function isDeleted(place: string): boolean {
  const [folder] = DELETED.exec(place) ?? [];
  return folder !== undefined && !existsSync(join(ROOT, folder));
}

/** Whether the package is used in the given place: a folder, a script, or another package. */
function isUsed({ name, where }: Entry, place: string): boolean {
  if (place === 'package.json')
    return Object.values(manifest.scripts).some((script) => script.startsWith(name));
  if (place.startsWith('npm ')) return programsOf(name).test(scriptsBehind(place.split(' ').at(-1)!));
  if (where.startsWith('types of')) return names.has(place) && name === TYPES + place;
  if (where.startsWith('loaded by')) return name === LOADER_OF_CLI.loader && place === LOADER_OF_CLI.cli;
  if (where.startsWith('needed by')) return names.has(place) && peersOf(place).includes(name);
  return importers(name).some((path) => path.startsWith(place));
}

/** The files that import the package or resolve its path. */
function importers(name: string): string[] {
  return sources.filter(({ text }) => importOf(name).test(text)).map(({ path }) => path);
}

/** Matches imports of a package and of its subpaths, in every form that the project uses. */
function importOf(name: string): RegExp {
  const forms = [
    '^(?:import|export|}).* from ',
    '^import ',
    String.raw`\bimport\(`,
    String.raw`(?:meta|\))\.resolve\(`,
    'transform: .*',
  ];
  return new RegExp(`(?:${forms.join('|')})'(${name})(?:/[^']*)?'`, 'gm');
}

function peersOf(name: string): string[] {
  return Object.keys(readManifest(`node_modules/${name}/package.json`).peerDependencies ?? {});
}

/** A script and the scripts that it runs. */
function scriptsBehind(name: string): string {
  const script = manifest.scripts[name] ?? '';
  const others = [...script.matchAll(/npm run ([\w:]+)/g)].map(([, other]) => scriptsBehind(other!));
  return [script, ...others].join('\n');
}

/** Matches calls of a package in a script: by one of its programs, or by its path. */
function programsOf(name: string): RegExp {
  const { bin = {} } = readManifest(`node_modules/${name}/package.json`);
  return new RegExp(String.raw`(^|\s)(${Object.keys(bin).join('|')}|node_modules/${name}/\S+)(\s|$)`, 'm');
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Manifest;
}
