import { existsSync, globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CONFIG_VARIABLES } from '../../src/config.ts';
import { buildProgram } from '../../src/online-migration/cli/program.ts';
import * as conversions from '../../src/online-migration/conversions/index.ts';
import { DEFAULT_SETTINGS } from '../../src/online-migration/phases/settings.ts';

const ROOT = join(import.meta.dirname, '../..');
/** docs/adapting.md deletes some of them. */
const PAGES = [
  ...['README.md', 'CONTRIBUTING.md', 'src/online-migration/README.md'].filter((page) =>
    existsSync(join(ROOT, page)),
  ),
  ...globSync('docs/*.md', { cwd: ROOT }),
];
const FENCE = /^```.*?^```$/gms;
const TYPESCRIPT = /^```ts\n(.*?)^```$/gms;

type Command = ReturnType<typeof buildProgram>;

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The text below a heading, up to the next heading of any level. */
function section(page: string, heading: string): string {
  const [, below = ''] = page.split(`\n${heading}\n`);
  return below.split(/^#+ /m)[0]!;
}

/** The first cell of each row of the tables, without its code marks. */
function firstCells(text: string): string[] {
  return Array.from(text.matchAll(/^\| `([^`]+)`/gm), ([, cell]) => cell!);
}

describe('docs/declaration.md', () => {
  const page = read('docs/declaration.md');
  const source = read('src/online-migration/change/column-change.ts');
  const interfaces = Array.from(
    source.matchAll(/^export interface (\w+) \{\n(.*?)^\}/gms),
    ([, name, body]) => ({
      name: name!,
      properties: Array.from(body!.matchAll(/^ {2}readonly (\w+)(\??):/gm), ([, property, optional]) => ({
        property: property!,
        required: optional === '',
      })),
    }),
  );

  it('has a section for each interface', () => {
    const headings = Array.from(page.matchAll(/^## `(\w+)`$/gm), ([, name]) => name!);
    expect(headings.toSorted()).toEqual(interfaces.map(({ name }) => name).toSorted());
  });

  it.each(interfaces)('has the properties of $name, and no others', ({ name, properties }) => {
    const rows = section(page, `## \`${name}\``).matchAll(/^\| `(\w+)` +\| (yes|no) +\|/gm);
    expect(
      Array.from(rows, ([, property, required]) => ({ property: property!, required: required === 'yes' })),
    ).toEqual(properties);
  });

  it('has each conversion, and no others', () => {
    const names = firstCells(section(page, '## Conversions')).map((cell) => /^\w+/.exec(cell)![0]);
    expect(names.toSorted()).toEqual(Object.keys(conversions).toSorted());
  });
});

describe('docs/cli.md', () => {
  const page = read('docs/cli.md');
  const program = buildProgram();

  it('has each command with its arguments, and no others', () => {
    const headings = Array.from(page.matchAll(/^###? `([^`]+)`$/gm), ([, heading]) => heading!);
    expect(headings.toSorted()).toEqual(
      commandsOf(program)
        .map(({ heading }) => heading)
        .toSorted(),
    );
  });

  it.each(commandsOf(program))('has the options of $heading, and no others', ({ heading, command }) => {
    const level = heading.startsWith('backfill ') ? '###' : '##';
    expect(firstCells(section(page, `${level} \`${heading}\``))).toEqual(optionsOf(command));
  });

  it('has the options of every command', () => {
    expect(firstCells(section(page, '## Options of every command')).toSorted()).toEqual(
      optionsOf(program).toSorted(),
    );
  });
});

describe('docs/settings.md', () => {
  it('has each environment variable, and no others', () => {
    const names = Array.from(read('docs/settings.md').matchAll(/^\| `([A-Z_]+)`/gm), ([, name]) => name!);
    expect(names.toSorted()).toEqual(CONFIG_VARIABLES.toSorted());
  });

  it('has the default of each variable that has one', () => {
    const rows = read('docs/settings.md').matchAll(/^\| `([A-Z_]+)` +\| `([^`]+)` +\|/gm);
    const documented = Object.fromEntries(Array.from(rows, ([, name, value]) => [name!, value!]));
    const example = Array.from(read('.env.example').matchAll(/^([A-Z_]+)=(.+)$/gm), ([, name, value]) => [
      name!,
      value!,
    ]);
    // Its default is another variable.
    expect(documented).toEqual({ DATABASE_DIRECT_URL: 'DATABASE_URL', ...Object.fromEntries(example) });
  });

  it('has each setting of the package with its default, and no others', () => {
    const rows = section(read('docs/settings.md'), '## Settings of the package').matchAll(
      /^\| `([\w.]+)` +\| +([^|]+?) +\|/gm,
    );
    const documented = Object.fromEntries(Array.from(rows, ([, name, value]) => [name!, value!]));
    expect(documented).toEqual(defaultsOf(DEFAULT_SETTINGS));
  });
});

describe('the pages', () => {
  const links = PAGES.flatMap((page) =>
    Array.from(
      withoutCode(read(page)).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g),
      ([, path, anchor]) => ({ page, file: path === '' ? page : join(dirname(page), path!), anchor }),
    ),
  );
  const samples = PAGES.flatMap((page) =>
    Array.from(read(page).matchAll(TYPESCRIPT), ([, sample], index) => ({
      page,
      number: index + 1,
      sample: sample!,
    })),
  );

  it('have links to each other', () => {
    expect(links.length).toBeGreaterThan(0);
  });

  it.each(links)('have the file that $page links to: $file', ({ file }) => {
    expect(existsSync(join(ROOT, file))).toBe(true);
  });

  it.each(links.filter(({ anchor }) => anchor !== undefined))(
    'have the heading that $page links to: $file#$anchor',
    ({ file, anchor }) => {
      expect(anchorsOf(withoutCode(read(file)))).toContain(anchor);
    },
  );

  it.each(samples)('have TypeScript that parses: $page, sample $number', ({ sample }) => {
    expect(() => stripTypeScriptTypes(sample)).not.toThrow();
  });
});

/** A command and those below it, each with its heading on the page: its name and its arguments. */
function commandsOf(parent: Command, prefix = ''): { heading: string; command: Command }[] {
  return parent.commands.flatMap((command) => {
    const name = prefix + command.name();
    const args = command.registeredArguments.map((argument) => ` [${argument.name()}]`).join('');
    return [{ heading: name + args, command }, ...commandsOf(command, `${name} `)];
  });
}

/** The settings by their paths, with each default as the page writes it. */
function defaultsOf(settings: object, prefix = ''): Record<string, string> {
  const entries = Object.entries(settings).flatMap(([name, value]): [string, string][] => {
    if (value === null) return [[prefix + name, 'none']];
    if (typeof value === 'object') return Object.entries(defaultsOf(value, `${prefix}${name}.`));
    return [
      [prefix + name, name.endsWith('Bytes') ? `${value / 1024 ** 3} GiB` : value.toLocaleString('en-US')],
    ];
  });
  return Object.fromEntries(entries);
}

/** The options of a command as its help writes them, without the short form. */
function optionsOf(command: Command): string[] {
  return command.options.map(({ flags }) => flags.replace(/^-\w, /, ''));
}

/** A page without its code blocks, which may contain comments that look like headings. */
function withoutCode(page: string): string {
  return page.replaceAll(FENCE, '');
}

/** The anchors of a page's headings. */
function anchorsOf(page: string): string[] {
  return Array.from(page.matchAll(/^#+ (.*)$/gm), ([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
}
