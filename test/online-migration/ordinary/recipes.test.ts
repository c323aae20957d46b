import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileFunction } from 'node:vm';
import { stripTypeScriptTypes } from 'node:module';
import { Migration } from '@mikro-orm/migrations';
import { defineEntity, MikroORM, p, PostgreSqlDriver } from '@mikro-orm/postgresql';
import { describe, expect, it } from '@jest/globals';
import { OnlineMigration, type OnlineMigrator } from '../../../src/online-migration/mikro-orm/index.ts';
import { openOrdinaryProject } from '../../support/ordinary-project.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const PAGE = join(import.meta.dirname, '../../../docs/recipes.md');
const ROWS = 200;
const NAME = '0014_recipe';

type MigrationClass = new (...given: never[]) => Migration;

/** A recipe of the page. */
interface Recipe {
  readonly title: string;
  /** Blocks by the word behind their language: `entity`, `written`, `steps`, … */
  readonly blocks: Readonly<Record<string, string>>;
}

const page = readFileSync(PAGE, 'utf8');
const recipes: Recipe[] = page
  .split(/^## /m)
  .slice(1)
  .map((section) => ({
    title: section.split('\n', 1)[0]!,
    blocks: Object.fromEntries(
      [...section.matchAll(/^```\w+ (\w+)\n(.*?)^```$/gms)].map(([, name, text]) => [name!, text!]),
    ),
  }));

const database = databasePerFile();
const { client } = database;

/** Entities from the block of a recipe, in which a line that begins with a minus or a plus is one of before or after. */
function entitiesOf(block: string, side: 'before' | 'after'): unknown[] {
  const [kept, left] = side === 'before' ? (['-', '+'] as const) : (['+', '-'] as const);
  const code = block
    .split('\n')
    .filter((line) => !line.startsWith(left))
    .map((line) => (line.startsWith(kept) ? ` ${line.slice(1)}` : line))
    .join('\n');
  const names = [...code.matchAll(/^const (\w+) =/gm)].map(([, name]) => name!);
  return compileFunction(`${code}; return [${names.join(', ')}];`, ['defineEntity', 'p'])(
    defineEntity,
    p,
  ) as unknown[];
}

async function openOrm(entities: unknown[]): Promise<MikroORM & AsyncDisposable> {
  const orm = await MikroORM.init({
    clientUrl: database.url,
    driver: PostgreSqlDriver,
    entities: entities as never,
  });
  return Object.assign(orm, { [Symbol.asyncDispose]: () => orm.close() });
}

/** The statements that MikroORM generates for the entities, each in a line. */
async function differences(entities: unknown[]): Promise<{ up: string[]; down: string[] }> {
  await using orm = await openOrm(entities);
  const { up, down } = await orm.schema.getUpdateSchemaMigrationSQL({ wrap: false });
  return { up: linesOf(up), down: linesOf(down) };
}

function linesOf(sql: string): string[] {
  return sql.split('\n').filter((line) => line !== '');
}

function migrationOf({ blocks }: Recipe, written: { up: string[]; down: string[] }): MigrationClass {
  const { migration: block } = blocks;
  if (block === undefined) {
    return class Written extends Migration {
      override up(): void {
        for (const statement of written.up) this.addSql(statement);
      }

      override down(): void {
        for (const statement of written.down) this.addSql(statement);
      }
    };
  }
  const code = stripTypeScriptTypes(block.replace('export ', '').replaceAll('override ', ''));
  return compileFunction(`return ${code}`, ['Migration', 'OnlineMigration'])(
    Migration,
    OnlineMigration,
  ) as MigrationClass;
}

async function stepsOf(migrator: OnlineMigrator): Promise<string> {
  const [pending] = await migrator.pendingPlans();
  return (pending?.plan?.steps ?? [])
    .map(({ statements, lock, after }) =>
      [
        ...(after === undefined ? [] : [`-- waits for processes that were built before ${after}`]),
        `-- ${lock ?? 'no lock on a table in use'}`,
        ...statements.map((statement) => `${statement.replace(/;$/, '')};`),
      ].join('\n'),
    )
    .join('\n')
    .concat('\n');
}

const VALUES: Readonly<Record<string, string>> = {
  note: `'note'`,
  code: `'code ' || n`,
  state: `'new'`,
  customer_id: '1',
  total: 'n',
};

describe('docs/recipes.md', () => {
  it('has ten recipes', () => {
    expect(recipes).toHaveLength(10);
  });

  it.each(recipes)('$title', async (recipe) => {
    const { entity, written, data, steps } = recipe.blocks;
    const [before, after] = [entitiesOf(entity!, 'before'), entitiesOf(entity!, 'after')];
    {
      await using orm = await openOrm(before);
      await orm.schema.create();
    }
    if (recipe.title.includes('foreign key')) await client.rows(`insert into customers values (1)`);
    const columns = await client.rows<{ name: string }>(
      `select column_name as name from information_schema.columns where table_name = 'orders' and column_name <> 'id' and is_nullable = 'NO'
         or table_name = 'orders' and column_name in ('note', 'customer_id')`,
    );
    const names = columns.map(({ name }) => name);
    await client.rows(`
      insert into orders (${['id', ...names].join(', ')}) select ${['n', ...names.map((name) => VALUES[name])].join(', ')}
      from generate_series(1, ${ROWS}) as n; analyze`);

    const generated = await differences(after);
    expect(generated.up.map((line) => `${line}\n`).join('')).toBe(written ?? '');
    // PostgreSQL accepts it.
    if (data !== undefined) await client.rows(`explain ${data}`);

    await using migrator = await openOrdinaryProject(database, { [NAME]: migrationOf(recipe, generated) });
    const planned = await stepsOf(migrator.orm.migrator as OnlineMigrator);
    if (process.env['WRITE_RECIPES'] !== undefined) writeSteps(recipe.title, planned);
    expect(process.env['WRITE_RECIPES'] === undefined ? planned : steps).toBe(steps);

    await migrator.orm.migrator.up();
    expect((await differences(after)).up).toEqual([]);
    if (generated.down.length === 0) return;
    await migrator.orm.migrator.down();
    expect((await differences(before)).up).toEqual([]);
  });
});

/** Writes the steps into the page: `WRITE_RECIPES=1 npm test -- recipes`. */
function writeSteps(title: string, steps: string): void {
  const [head, ...sections] = readFileSync(PAGE, 'utf8').split(/^(?=## )/m);
  const changed = sections.map((section) =>
    section.startsWith(`## ${title}\n`)
      ? section.replace(/^```sql steps\n.*?^```$/ms, () => `\`\`\`sql steps\n${steps}\`\`\``)
      : section,
  );
  writeFileSync(PAGE, [head, ...changed].join(''));
}
