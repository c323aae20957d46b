import { MikroORM, type Options } from '@mikro-orm/postgresql';

/** The migrations of a project, run in the process of the test. */
export interface TestMigrator extends AsyncDisposable {
  /** Goes to a migration, up or down as it lies; `to` is the beginning of its name. */
  go(to: string): Promise<void>;
  /** The numbers of the migrations that have run: `['0001', '0002']`. */
  applied(): Promise<string[]>;
  /** Lines that the migrator logged. */
  readonly log: readonly string[];
  /** Resolves when it has logged so many lines more that match. */
  logged(pattern: RegExp, times?: number): Promise<void>;
  readonly orm: MikroORM;
}

/** @param options of the project */
export async function openTestMigrator(options: Options): Promise<TestMigrator> {
  const log: string[] = [];
  const waiting = new Set<() => void>();
  const orm = await MikroORM.init({
    ...options,
    colors: false,
    logger: (line) => {
      log.push(line);
      for (const look of waiting) look();
    },
  });
  const applied = async () => (await orm.migrator.getExecuted()).map(({ name }) => name.slice(0, 4));
  return {
    log,
    logged: (pattern, times = 1) => {
      const start = log.length;
      return new Promise((resolve) => {
        const look = () => {
          if (log.slice(start).filter((line) => pattern.test(line)).length < times) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
      });
    },
    orm,
    applied,
    async go(to) {
      const done = await applied();
      await (done.includes(to) ? orm.migrator.down({ to }) : orm.migrator.up({ to }));
    },
    [Symbol.asyncDispose]: () => orm.close(),
  };
}
