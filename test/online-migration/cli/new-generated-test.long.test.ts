import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openProjectCopy, type ProjectCopy } from './new-project.ts';

/** Three tests are generated and run. */
const LIMIT_MS = 240_000;

let copy: ProjectCopy;
beforeAll(async () => {
  copy = await openProjectCopy([
    `create schema "Own €"`,
    `create extension pg_trgm schema "Own €"`,
    `create type "Own €"."Mood" as enum ('good', 'it''s bad')`,
    `create table "of others" (id bigint primary key)`,
    `create function "Own €".first_word() returns text language sql stable as $$ select 'it''s ' || '\`word\`' $$`,
    `create function stamp() returns trigger language plpgsql as $$ begin new.at = now(); return new; end $$`,
    `create table note (
      id bigint primary key references "of others", line varchar(40) not null default "Own €".first_word(), at timestamptz, words text not null default '',
      rank integer not null, code char(2), constraint "late */" check (at > '2024-01-01'),
      constraint "short \`\${line}\` */" check (length(line) <= 40 and line <> '\\'), constraint marked check (line like 'x%'),
      constraint ranked check (rank > 0 and (rank < 2000000000 or at is null) and id is not null),
      constraint own check (line <> "Own €".first_word() and rank <> length("Own €".first_word()))
    )`,
    `create extension btree_gin schema "Own €"`,
    `create index note_words on note using gin (words "Own €".gin_trgm_ops)`,
    `create index note_rank on note using gin (rank)`,
    `create index note_when on note (at) where at is not null`,
    `create trigger stamp before insert on note for each row execute function stamp()`,
    `create table mood (id bigint primary key, moods "Own €"."Mood"[] not null default '{}')`,
  ]);
});
afterAll(async () => copy[Symbol.asyncDispose]());

it(
  'a generated test has the extensions, types and functions of the column, and names the parts that it lacks',
  async () => {
    for (const [table, column, options] of [
      ['note', 'line', ['--to', 'text', '--phases']],
      ['note', 'words', ['--rename', 'terms']],
      ['note', 'rank', ['--to', 'bigint']],
      ['mood', 'moods', ['--to', 'text[]']],
    ] as const) {
      expect(await copy.changeNew('--table', table, '--column', column, ...options)).toMatchObject({
        exitCode: 0,
        stderr: '',
      });
    }
    const text = await readFile(join(copy.folder, 'test/note/line-change.test.ts'), 'utf8');
    expect(text).toContain(`/**
 * The table of the test has the key, the column, its indexes and checks. It does not have:
 * - the trigger stamp, whose function may use other tables
 * - the foreign key note_id_fkey of note
 * - the check late * /
 * - the check marked
 * - the check own
 * - the check ranked
 * - the index note_when
 */`);
    expect(text).toContain(
      'alter table public.note add constraint "short \\`\\${line}\\` */" CHECK (((length((line)::text) <= 40) AND ',
    );
    const rank = await readFile(join(copy.folder, 'test/note/rank-change.test.ts'), 'utf8');
    expect(rank).toContain('alter table public.note add constraint ranked CHECK (((rank > 0) AND ');
    expect(rank).not.toContain(' * - the check ranked');
    // A person writes its conversion.
    const moods = await readFile(join(copy.folder, 'test/mood/moods-change.test.ts'), 'utf8');
    expect(moods).toContain(`create type "Own €"."Mood" as enum ('good', 'it''s bad')`);
    const checked = await copy.run('node_modules/typescript/bin/tsc', '--noEmit');
    expect(checked).toMatchObject({ exitCode: 0, stdout: '' });
    const tested = await copy.run('node_modules/jest/bin/jest.js', 'test/note');
    expect(tested.stderr).toMatch(/Tests: {7}3 passed, 3 total/);
  },
  LIMIT_MS,
);
