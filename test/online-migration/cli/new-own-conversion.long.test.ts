import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openProjectCopy, ONLINE_MIGRATION, type ProjectCopy } from './new-project.ts';

/** The type check, the linter and a test, twice. */
const LIMIT_MS = 180_000;

const TABLES = [
  `create table booking (
    id bigint generated always as identity primary key,
    seats int4range not null default '[1,2)',
    "at \`\${x}\` */" timetz
  )`,
  `insert into booking (seats) values ('[1,2)'), ('[3,9)'), ('empty')`,
  `create schema shop`,
  `create domain shop.label as varchar(20)`,
  `create extension citext schema shop`,
  `create table item (
    id bigint primary key, label shop.label not null, taken bigint not null, mail shop.citext, parts integer[] not null default '{}'
  )`,
  `insert into item values (1, 'a', 1711850400123)`,
];
const NOT_WRITTEN =
  'src/booking/seats-conversion.ts: write the function `forward`. It returns an SQL expression that converts value from int4range ' +
  'to text, and is null if there is no equal value.\nError code: CONVERSION_NOT_WRITTEN\n';
/** The conversion that a person writes. */
const WRITTEN = `import type { Conversion } from 'online-migration';

export const bookingSeatsConversion: Conversion = {
  forward: (value) => \`case when not isempty(\${value}) then lower(\${value}) || '-' || upper(\${value}) end\`,
  backward: (value) =>
    \`case when (\${value} collate "C") ~ '^[0-9]{1,9}-[0-9]{1,9}$' then int4range(split_part(\${value}, '-', 1)::integer, split_part(\${value}, '-', 2)::integer) end\`,
};
`;

let copy: ProjectCopy;
beforeAll(async () => {
  copy = await openProjectCopy(TABLES);
});
afterAll(async () => copy[Symbol.asyncDispose]());

const read = (path: string) => readFile(join(copy.folder, path), 'utf8');
const CHANGE = 'src/booking/seats-change.ts';
const CONVERSION = 'src/booking/seats-conversion.ts';
const TEST = 'test/booking/seats-change.test.ts';

describe('npx online-migration new of two types without a conversion', () => {
  it(
    'writes all files, a conversion to complete, and a test that fails until it is right',
    async () => {
      const { exitCode, stdout, stderr } = await copy.changeNew(
        '--table',
        'booking',
        '--column',
        'seats',
        '--to',
        'text',
      );
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      for (const file of [CHANGE, CONVERSION, TEST]) expect(stdout).toContain(`\n  ${file}\n`);
      expect(stdout).toContain(
        'Next:\n  The package has no conversion from int4range to text:\n' +
          '  write `forward` and `backward` in src/booking/seats-conversion.ts, as docs/adapting.md shows. Until then, the change is refused.\n' +
          '  Declare the new default, `to.default`, in src/booking/seats-change.ts.\n' +
          '  The test has values of booking: write the new ones, and remove personal data.\n',
      );
      expect(await read(TEST)).toContain("['[1,2)', null]");
      // A name that ends templates and comments.
      expect(
        await copy.changeNew('--table', 'booking', '--column', 'at `${x}` */', '--to', 'interval'),
      ).toMatchObject({ exitCode: 0, stderr: '' });

      const written = ['src/booking', 'test/booking', 'test/support/conversion-sample.ts'];
      expect(await copy.run('node_modules/oxlint/bin/oxlint', ...written)).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining('0 errors'),
      });
      expect(await copy.run('node_modules/oxfmt/bin/oxfmt', '--check')).toMatchObject({ exitCode: 0 });
      expect(await copy.run('node_modules/typescript/bin/tsc', '--noEmit')).toMatchObject({
        exitCode: 0,
        stdout: '',
      });

      expect(await copy.run(ONLINE_MIGRATION, 'preflight', 'booking.seats')).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining(NOT_WRITTEN),
      });

      const empty = await copy.run('node_modules/jest/bin/jest.js', 'test/booking/seats');
      expect(empty).toMatchObject({ exitCode: 1 });
      expect(empty.stderr).toContain('write the function `forward`');

      await writeFile(join(copy.folder, CONVERSION), WRITTEN);
      const unknown = await copy.run('node_modules/jest/bin/jest.js', 'test/booking/seats');
      expect(unknown).toMatchObject({ exitCode: 1 });
      expect(unknown.stderr).toContain('+     "1-2",');

      const text = await read(TEST);
      await writeFile(
        join(copy.folder, TEST),
        text
          .replace(`['[1,2)', null]`, `['[1,2)', '1-2']`)
          .replace(`['[3,9)', null]`, `['[3,9)', '3-9']`)
          .replace(`['empty', null]`, `['empty', 'reject']`),
      );
      const right = await copy.run('node_modules/jest/bin/jest.js', 'test/booking/seats');
      expect(right.stderr).toMatch(/Tests: {7}1 passed, 1 total/);

      // The way back is wrong.
      await writeFile(
        join(copy.folder, CONVERSION),
        WRITTEN.replace(/upper|'-', 2/g, (found) => (found === 'upper' ? found : `'-', 1`)),
      );
      expect(await copy.run('node_modules/jest/bin/jest.js', 'test/booking/seats')).toMatchObject({
        exitCode: 1,
      });
    },
    LIMIT_MS,
  );

  it(
    'takes the base type of a domain, the schema of an extension, the elements of an array, and the unit of times by the values',
    async () => {
      expect(
        await copy.changeNew('--table', 'item', '--column', 'label', '--to', 'text', '--phases'),
      ).toMatchObject({
        exitCode: 0,
      });
      expect(await read('src/item/label-change.ts')).toContain('conversion: varcharToText(20)');
      expect(
        await copy.changeNew('--table', 'item', '--column', 'taken', '--to', 'timestamptz'),
      ).toMatchObject({
        exitCode: 0,
      });
      expect(await read('src/item/taken-change.ts')).toContain(`conversion: epochToTimestamptz('ms')`);
      for (const [column, to] of [
        ['mail', 'text'],
        ['parts', 'bigint[]'],
      ] as const) {
        expect(
          await copy.changeNew('--table', 'item', '--column', column, '--to', to, '--phases'),
        ).toMatchObject({
          exitCode: 0,
        });
      }
      expect(await read('src/item/mail-change.ts')).toContain(`conversion: citextToText('shop.citext')`);
      expect(await read('src/item/parts-change.ts')).toContain(`default: "'{}'::bigint[]"`);
      const tested = await copy.run('node_modules/jest/bin/jest.js', 'test/item');
      expect(tested.stderr).toMatch(/Tests: {7}4 passed, 4 total/);
    },
    LIMIT_MS,
  );
});
