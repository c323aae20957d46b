import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '..');
const PACKAGE = 'src/online-migration';

/** Matches a static import or re-export of another file of the project; not one in generated code, whose path has a placeholder. */
const IMPORT = /^(?:import|export)\b[^;]*?\bfrom '(\.[^'$]+\.ts)'/gm;

/** An import of one file by another, with paths from the project's root. */
interface Import {
  readonly from: string;
  readonly to: string;
}

/** The folders that users of the template delete: the example and the showcase. */
const EXAMPLE = ['src/large-record/', 'test/large-record/'];
const SHOWCASE = ['src/showcase/', 'test/showcase/'];

const everyImport: readonly Import[] = globSync('{src,test}/**/*.ts', { cwd: ROOT }).flatMap((from) =>
  [...readFileSync(join(ROOT, from), 'utf8').matchAll(IMPORT)].map(([, target]) => ({
    from,
    to: normalize(join(dirname(from), target!)),
  })),
);
const imports = everyImport.filter(({ from }) => from.startsWith('src/'));
/** Imports within the sources. The showcase's tools are omitted: they use some of the tests' helpers. */
const importsWithinSources = imports.filter(({ to }) => to.startsWith('src/'));

function isIn(path: string, places: readonly string[]): boolean {
  return places.some((place) => path.startsWith(place));
}

/** The folder or file of `src/` that contains a path. */
function partOf(path: string): string {
  return path.split('/').slice(0, 2).join('/');
}

/** The cycles among groups of files, each as the sorted names of its groups. */
function circles(groupOf: (path: string) => string): string[][] {
  const edges = new Map<string, Set<string>>();
  for (const { from, to } of importsWithinSources) {
    const [group, target] = [groupOf(from), groupOf(to)];
    if (group === target) continue;
    edges.set(group, (edges.get(group) ?? new Set()).add(target));
  }
  const reachable = new Map([...edges.keys()].map((group) => [group, reachableFrom(group, edges)]));
  const inCircles = [...reachable].filter(([group, groups]) => groups.has(group));
  const found = inCircles.map(([group, groups]) =>
    [...groups].filter((other) => reachable.get(other)?.has(group)).toSorted(),
  );
  return [...new Map(found.map((circle) => [circle.join(), circle])).values()];
}

function reachableFrom(start: string, edges: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const reached = new Set<string>();
  const open = [start];
  for (let group = open.pop(); group !== undefined; group = open.pop()) {
    for (const next of edges.get(group) ?? []) {
      if (reached.has(next)) continue;
      reached.add(next);
      open.push(next);
    }
  }
  return reached;
}

describe('imports', () => {
  it('are found', () => {
    expect(imports).toContainEqual({
      from: `${PACKAGE}/phases/expand.ts`,
      to: `${PACKAGE}/change/names.ts`,
    });
  });

  it('have no cycle between files', () => {
    expect(circles((path) => path)).toEqual([]);
  });

  it('have no cycle between folders of the package', () => {
    expect(circles((path) => (path.startsWith(PACKAGE) ? dirname(path) : 'application'))).toEqual([]);
  });

  it('have no cycle between folders and files of src', () => {
    expect(circles(partOf)).toEqual([]);
  });

  it('of the example are in the list of features, in the showcase, and nowhere else', () => {
    const allowed = ['src/features.ts', ...EXAMPLE, ...SHOWCASE];
    expect(everyImport.filter(({ from, to }) => isIn(to, EXAMPLE) && !isIn(from, allowed))).toEqual([]);
  });

  it('of the showcase are in the showcase alone', () => {
    const importers = everyImport.filter(({ from, to }) => isIn(to, SHOWCASE) && !isIn(from, SHOWCASE));
    expect(importers).toEqual([]);
  });

  it('of the application reach the package by its name alone', () => {
    const inside = importsWithinSources.filter(
      ({ from, to }) => !isIn(from, [`${PACKAGE}/`]) && isIn(to, [`${PACKAGE}/`]),
    );
    expect(inside).toEqual([]);
  });

  it('of the package stay inside it', () => {
    const leaving = imports.filter(
      ({ from, to }) => from.startsWith(`${PACKAGE}/`) && relative(PACKAGE, to).startsWith('..'),
    );
    expect(leaving).toEqual([]);
  });
});

describe('tests of the package', () => {
  const TEMPLATE =
    /^(?:src\/(?:large-record|http|orm|showcase)\/|src\/(?:features|serve|main)\.ts|migrations\/)/;
  const edges = new Map(
    globSync('{src,test,migrations}/**/*.ts', { cwd: ROOT }).map((from) => {
      const targets = [...readFileSync(join(ROOT, from), 'utf8').matchAll(IMPORT)].map(([, to]) => to!);
      return [from, new Set(targets.map((to) => normalize(join(dirname(from), to))))];
    }),
  );

  it('import nothing of the template, also not through what they import', () => {
    // The tests of the commands use the template's table.
    const tests = globSync('test/online-migration/**/*.ts', { cwd: ROOT }).filter(
      (file) => !file.startsWith('test/online-migration/cli/'),
    );
    expect(tests).not.toEqual([]);
    const leaving = tests.flatMap((test) =>
      [...reachableFrom(test, edges)].filter((file) => TEMPLATE.test(file)).map((file) => ({ test, file })),
    );
    expect(leaving).toEqual([]);
  });
});
