import { describe, expect, it } from '@jest/globals';
import { NO_ANSWERS } from '../../../../src/online-migration/mikro-orm/creation/questions/answers.ts';
import {
  answered,
  type Question,
} from '../../../../src/online-migration/mikro-orm/creation/questions/questions.ts';

const column = (schema: string, table: string, name: string, ...candidates: string[]): Question => ({
  kind: 'column',
  names: [name, `${table}.${name}`, `${schema}.${table}.${name}`],
  candidates,
  text: `The column ${table}.${name} is gone`,
});

const printed = async (...questions: Question[]) => {
  const error = await answered(questions, NO_ANSWERS, undefined).catch((thrown: Error) => thrown);
  return /`npx online-migration create (.*)`\.$/.exec((error as Error).message)?.[1];
};

describe('the command that an error prints', () => {
  it('gives each renamed column a name of its own, and drops one for which none is left', async () => {
    expect(
      await printed(
        column('public', 'orders', 'a', 'x', 'y'),
        column('public', 'orders', 'b', 'x', 'y'),
        column('public', 'orders', 'c', 'x', 'y'),
        column('public', 'customers', 'a', 'x'),
      ),
    ).toBe('--rename orders.a=x --rename orders.b=y --drop orders.c --rename customers.a=x');
  });

  it('names the schema if two have the same table', async () => {
    expect(await printed(column('public', 'orders', 'a', 'x'), column('shop', 'orders', 'a', 'x'))).toBe(
      '--rename public.orders.a=x --rename shop.orders.a=x',
    );
  });

  it('gives a column whose name has dots a name of its own', async () => {
    expect(
      await printed(column('public', 'orders', 'a.b', 'x', 'y'), column('public', 'orders', 'c', 'x', 'y')),
    ).toBe('--rename orders.a.b=x --rename orders.c=y');
  });
});
