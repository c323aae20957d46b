import { describe, expect, it } from '@jest/globals';
import { check, statementsOf } from './check-project.ts';

const TAKES = {
  'm/0001.sql': `
    alter table orders drop column label, drop note;
    drop table customers;
    alter table orders rename total to amount;
    alter table items rename to lines;
    drop view shown;`,
};

/** Statements that take nothing from running code. */
const HARMLESS = `
  -- online: after 0007_without_label
  alter table orders drop label;
  -- online: accepted the service is off
  drop table customers;
  create table made (id int, note text);
  alter table made drop note;
  alter table made rename to kept;
  drop table kept;
  alter table orders add helper int;
  alter table orders rename helper to aid;
  alter table orders drop aid;
  alter table items rename to lines;
  alter table lines rename total to amount;
  create view items as select amount as total from lines;
  drop view shown;
  create view shown as select amount from lines;
  alter table orders rename constraint a to b;
  alter index c rename to d;
  alter table orders drop constraint b;`;

describe('npx online-migration check', () => {
  it('warns of statements that take a name from running code', async () => {
    const result = await check(TAKES, 'm', '--json');
    const found = statementsOf(result).flatMap(({ line, outcome, warnings = [] }) =>
      warnings.flatMap(({ rule, message }) =>
        rule === 'running-code'
          ? [[line, outcome, /^processes that still use (.*) fail: /.exec(message)?.[1]]]
          : [],
      ),
    );
    expect(found).toEqual([
      [2, 'as-written', 'label of "orders" or note of "orders"'],
      [3, 'as-written', '"customers"'],
      [4, 'as-written', 'total of "orders"'],
      [5, 'as-written', '"items"'],
      [6, 'as-written', '"shown"'],
    ]);
    expect(result.exitCode).toBe(0);
    expect(await check(TAKES, 'm', '--strict')).toMatchObject({ exitCode: 1 });
  });

  it('does not warn of those that nobody can use, or whose author has looked at it', async () => {
    const result = await check({ 'a.sql': HARMLESS }, 'a.sql', '--json', '--strict');
    const warned = statementsOf(result).filter(({ warnings = [] }) =>
      warnings.some(({ rule }) => rule === 'running-code'),
    );
    expect(warned.map(({ statement }) => statement)).toEqual([]);
  });

  it('shows the warning in each form of the report', async () => {
    const files = { 'a.sql': 'alter table orders drop label' };
    const message =
      'processes that still use label of "orders" fail: first deploy a version that does not, and name its newest migration above the ' +
      'statement: `-- online: after <migration>`, or `-- online: accepted <reason>`';
    const { stdout } = await check(files, 'a.sql');
    expect(stdout).toContain(
      `a.sql:1: alter table orders drop label\n  runs as it is\n  warning: ${message}\n`,
    );
    expect(stdout).toContain('1 file, 1 statement: 1 as written, 1 with a warning.\n');
    const github = await check(files, 'a.sql', '--format', 'github');
    expect(github.stdout).toBe(
      `::warning file=a.sql,line=1,title=running-code::alter table orders drop label: ${message}.\n`,
    );
    const sarif = await check(files, 'a.sql', '--format', 'sarif');
    expect(JSON.parse(sarif.stdout)).toMatchObject({
      runs: [{ results: [{ ruleId: 'running-code', level: 'warning' }] }],
    });
  });
});
