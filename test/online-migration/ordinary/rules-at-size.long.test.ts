import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { connect } from '../../support/database-client.ts';
import { SERVER_MAJOR } from '../../support/server-major.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-server.ts';
import { ACCEPTED_ORDERS } from './at-size/accepted-orders.ts';
import { ACCEPTED_PARTITIONS } from './at-size/accepted-partitions.ts';
import type { SizeCase } from './at-size/case.ts';
import { figuresOf } from './at-size/figures.ts';
import { REFUSED } from './at-size/refused.ts';
import { expectCase, type SizeResult } from './at-size/run-case.ts';
import { tablesOf, type Theme } from './at-size/tables.ts';

const ROWS = Number(process.env['RULE_ROWS'] ?? 2_000_000);
const RULES = join(import.meta.dirname, '../../../src/online-migration/ordinary/rules');

jest.setTimeout(600_000);

const themes: Readonly<Record<Theme, AsyncDisposableStack & { template?: string }>> = {
  orders: new AsyncDisposableStack(),
  partitions: new AsyncDisposableStack(),
};
const results: SizeResult[] = [];
const CASES: readonly SizeCase[] = [...ACCEPTED_ORDERS, ...ACCEPTED_PARTITIONS, ...REFUSED];
const cases = CASES.filter(
  ({ since = 0, until = Infinity }) => since <= SERVER_MAJOR && SERVER_MAJOR <= until,
);
/** The databases of cases that change nothing. */
const shared = new Map<Theme, TestDatabase>();

beforeAll(async () => {
  for (const theme of ['orders', 'partitions'] as const) {
    const template = themes[theme].use(await createTestDatabase());
    await using client = await connect(template.url);
    for (const statement of tablesOf(theme, ROWS)) await client.rows(statement);
    themes[theme].template = template.name;
  }
});
afterAll(async () => {
  for (const database of shared.values()) await database[Symbol.asyncDispose]();
  for (const theme of Object.values(themes)) await theme.disposeAsync();
  console.log(`PostgreSQL ${SERVER_MAJOR}, ${ROWS} rows\n\n${figuresOf(results)}`);
});

const copyOf = (theme: Theme) => createTestDatabase(themes[theme].template, { isLarge: true });

describe(`an ordinary migration of tables with ${ROWS} rows, beside traffic,`, () => {
  it.each(cases.map((subject, number) => [subject.rule, subject.name, subject, number] as const))(
    'by the rule %s: %s',
    async (_rule, _name, subject, number) => {
      const { theme, refused, prepare, isUnderChange } = subject;
      const run = { rows: ROWS, number, report: (result: SizeResult) => results.push(result) };
      if (refused === undefined || prepare !== undefined || isUnderChange) {
        await using database = await copyOf(theme);
        return await expectCase(subject, { ...run, url: database.url });
      }
      const database = shared.get(theme) ?? (await copyOf(theme));
      shared.set(theme, database);
      await expectCase(subject, { ...run, url: database.url });
    },
  );

  it('is tried with each rule of any version', () => {
    const names = readdirSync(RULES).map((file) =>
      file.replace('.ts', '').replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
    );
    const tried = new Set<string | null>(CASES.map(({ rule }) => rule));
    expect(names.filter((name) => !tried.has(name))).toEqual([]);
  });
});
