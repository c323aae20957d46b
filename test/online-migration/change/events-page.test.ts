import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../../..');
const source = readFileSync(join(ROOT, 'src/online-migration/change/events.ts'), 'utf8');
const page = readFileSync(join(ROOT, 'docs/events.md'), 'utf8');

/** An interface of an event, as the source declares it. */
interface DeclaredEvent {
  readonly name: string;
  readonly type: string;
  readonly fields: readonly string[];
}

const declared: readonly DeclaredEvent[] = [
  ...source.matchAll(/^export interface (\w+)(?: extends (\w+))? \{\n(.*?)^\}/gms),
].flatMap(([, name, base, body]) => {
  const type = /^ {2}readonly type: '([^']+)'/m.exec(body!)?.[1];
  if (type === undefined) return [];
  const own = [...body!.matchAll(/^ {2}readonly (\w+)/gm)].map(([, field]) => field!);
  const inherited = base === 'OfChange' ? ['change'] : [];
  const fields = [...inherited, ...own].filter((field) => field !== 'type' && field !== 'message');
  return { name: name!, type, fields };
});

const documented = page.split('\n').flatMap((line) => {
  const [, type, , cells] = /^\| `([\w-]+)` +\|(.*)\|([^|]*)\|$/.exec(line) ?? [];
  if (type === undefined) return [];
  return { type, fields: [...cells!.matchAll(/`(\w+)`/g)].map(([, field]) => field!) };
});

const byType = (one: { readonly type: string }, other: { readonly type: string }) =>
  one.type.localeCompare(other.type);

describe('docs/events.md', () => {
  it('has the type and the fields of each event, and no others', () => {
    expect(documented.toSorted(byType)).toEqual(
      declared.map(({ type, fields }) => ({ type, fields })).toSorted(byType),
    );
  });
});

describe('the union of the events', () => {
  it('has each of them', () => {
    const members = /^export type OnlineMigrationEvent =\n(.*?);$/ms.exec(source)![1]!;
    expect([...members.matchAll(/\| (\w+)/g)].map(([, name]) => name)).toEqual(
      declared.map(({ name }) => name),
    );
  });
});
