/** The files of a small ES module project with MikroORM, whose migrations are CommonJS. */
export interface SmallProject {
  /** The entities, as JavaScript; `defineEntity` and `p` are there. */
  readonly entities: string;
  /** The options of `onlineMigrations`. */
  readonly migrations?: string;
  /** Further options of MikroORM. */
  readonly options?: string;
  /** Statements of the configuration before the options. */
  readonly before?: string;
  readonly extensions?: string;
}

/** The files of a project with these parts. */
export function smallProject({
  entities,
  migrations = `{ path: 'migrations', emit: 'cjs' }`,
  options = '',
  before = '',
  extensions = `...onlineMigrations({ migrations: ${migrations} })`,
}: SmallProject): Record<string, string> {
  return {
    'package.json': JSON.stringify({
      type: 'module',
      'mikro-orm': { preferTs: false },
      dependencies: { '@mikro-orm/core': '*', '@mikro-orm/cli': '*' },
    }),
    'entities.js': `import { defineEntity, p } from '@mikro-orm/postgresql';
export const entities = ${entities};
`,
    'mikro-orm.config.js': `import { defineConfig } from '@mikro-orm/postgresql';
import { OnlineMigrator, onlineMigrations } from 'online-migration/mikro-orm';
import * as migrations from '@mikro-orm/migrations';
import { entities } from './entities.js';
${before}
export default defineConfig({
  clientUrl: process.env.DATABASE_URL,
  entities,
  ${options}
  ${extensions},
});
`,
    'online-migration.config.js': `import mikroOrm from './mikro-orm.config.js';
export default { changes: [], connection: process.env.DATABASE_URL, mikroOrm };
`,
  };
}
