import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Constructor, EntitySchema } from '@mikro-orm/core';
import { Migration, Migrator } from '@mikro-orm/migrations';
import { MikroORM, type Options } from '@mikro-orm/postgresql';
import { onlineMigrations, OnlineMigrator } from '../../../../src/online-migration/mikro-orm/index.ts';

/** The migrator of a project: MikroORM's own, or the one of this package. */
export type Tool = 'plain' | 'online';

/** The statements of a migration, as `migration:create` writes them. */
export interface Diff {
  readonly up: readonly string[];
  readonly down: readonly string[];
}

type Project = MikroORM & AsyncDisposable;

/** Opens a project with its entities and its migrations. */
export async function openProject(
  url: string,
  entities: readonly EntitySchema[],
  tool: Tool,
  diff?: Diff,
  needsCommits = false,
): Promise<Project> {
  const migrations: NonNullable<Options['migrations']> = {
    snapshot: false,
    ...(needsCommits && { transactional: false, allOrNothing: false }),
    ...(diff && { migrationsList: [{ name: '0001_edit', class: migrationOf(diff) }] }),
  };
  const orm = await MikroORM.init({
    clientUrl: url,
    entities: [...entities],
    colors: false,
    logger: () => undefined,
    ...(tool === 'plain' ? { extensions: [Migrator], migrations } : onlineMigrations({ migrations })),
  });
  return Object.assign(orm, { [Symbol.asyncDispose]: () => orm.close() });
}

/** Runs `migration:create`, which writes MikroORM's own statements. */
export async function createMigration(
  url: string,
  entities: readonly EntitySchema[],
  tool: Tool,
): Promise<Diff> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'edits-'));
  await using project = await openProject(url, entities, tool);
  const { migrator } = project;
  if (migrator instanceof OnlineMigrator) migrator.answerBy('as written');
  const { diff } = await migrator.create(folder.path);
  return diff;
}

/** The class that `migration:create` writes. */
function migrationOf({ up, down }: Diff): Constructor<Migration> {
  return class Edit extends Migration {
    override up(): void {
      for (const statement of up) this.addSql(statement);
    }

    override down(): void {
      for (const statement of down) this.addSql(statement);
    }
  };
}
