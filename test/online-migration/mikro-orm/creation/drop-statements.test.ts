import type { IMigrationGenerator, MigrationDiff } from '@mikro-orm/core';
import { expect, it } from '@jest/globals';
import { furtherFiles } from '../../../../src/online-migration/mikro-orm/creation/further-migrations.ts';
import { readCodeForm } from '../../../../src/online-migration/new-change/code-form.ts';
import { numberedNames } from '../../../../src/online-migration/new-change/migration-names.ts';

it('a migration that drops has whole statements, also if a text or a function has a semicolon at the end of a line', async () => {
  const written: MigrationDiff[] = [];
  const generator = {
    generateMigrationFile: (_: string, diff: MigrationDiff) => {
      written.push(diff);
      return 'export class Drop {}';
    },
  } as unknown as IMigrationGenerator;
  const column = `alter table "orders" add "note" text not null default 'a;\nb'`;
  const body = `create function f() returns int language sql as $$\n  select 1;\n  select 2;\n$$`;
  await furtherFiles(
    { form: readCodeForm(import.meta.dirname), defaultSchema: 'public', generator },
    numberedNames('migrations', []),
    0,
    {
      fills: [],
      drops: {
        up: `alter table "orders" drop column "note";\ndrop function f();`,
        down: `${column};\n\n${body};`,
      },
    },
  );
  expect(written).toEqual([
    {
      up: [`alter table "orders" drop column "note";`, `drop function f();`],
      down: [`${column};`, `${body};`],
    },
  ]);
});
