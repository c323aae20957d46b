import { PhaseRefusedError } from '../phases/phase-refused-error.ts';

/** Input of `migration:rollup`. */
export interface RollupFacts {
  /** The names of all migrations, in order. */
  readonly known: readonly string[];
  /** Applied migrations. */
  readonly applied: readonly string[];
  /** Migrations that manage their own transactions, as each phase of a column change and each fill does. */
  readonly online: readonly string[];
}

/**
 * Chooses the migrations that MikroORM may merge into one. It copies the bodies of their methods into a new, ordinary
 * migration after all others. A phase would not work there: it needs its own transactions, and writes the ledger in
 * the last one. A migration before a phase would run after it in a new database.
 * @param requested names without a file extension; undefined to merge all that can be merged
 * @returns the names to merge
 * @throws PhaseRefusedError if a requested one cannot be merged, or fewer than two can be merged
 */
export function chooseForRollup(
  { known, applied, online }: RollupFacts,
  requested: readonly string[] | undefined,
): string[] {
  const lastOnline = known.findLast((name) => online.includes(name));
  const isBehind = (name: string) =>
    lastOnline === undefined || known.indexOf(name) > known.indexOf(lastOnline);
  if (requested === undefined) {
    const chosen = known.filter((name) => applied.includes(name) && isBehind(name));
    if (lastOnline === undefined || chosen.length > 1) return chosen;
    throw new PhaseRefusedError(
      'ROLLUP_IMPOSSIBLE',
      `Cannot roll up; nothing was changed: ${online.join(', ')} manage their own transactions, as each phase of a column change ` +
        `does, so they stay as they are. Only migrations behind ${lastOnline} can be merged, and fewer than two of them have run.`,
    );
  }
  const [phase] = requested.filter((name) => online.includes(name));
  if (phase !== undefined) {
    throw new PhaseRefusedError(
      'ROLLUP_IMPOSSIBLE',
      `Cannot roll up ${phase}; nothing was changed: it manages its own transactions, as each phase of a column change does. Leave ` +
        `it as it is, and merge only migrations behind ${lastOnline}.`,
    );
  }
  const ahead = requested.find((name) => known.includes(name) && !isBehind(name));
  if (ahead === undefined) return [...requested];
  throw new PhaseRefusedError(
    'ROLLUP_IMPOSSIBLE',
    `Cannot roll up ${ahead}; nothing was changed: in a new database, the merged migration would run behind ${lastOnline}, which ` +
      `may need it. Merge only migrations behind ${lastOnline}.`,
  );
}
