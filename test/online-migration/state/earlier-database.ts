import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import type { expand } from '../../../src/online-migration/phases/expand.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createRole, type TestRole } from '../../support/roles.ts';
import { createTestDatabase } from '../../support/test-server.ts';

/** A phase, or its way back. */
export type Phase = typeof expand;

/** A database that the version of the package left which recorded no steps, with a table at each stage. */
export interface EarlierDatabase extends AsyncDisposable {
  /** Owns the tables and the package's schema, and has no other right. */
  readonly owner: TestRole;
  /** Connects as a superuser. */
  readonly url: string;
  readonly admin: DatabaseClient;
}

/** The tables of the schema `shop`, each with the phases that have been carried out. */
export const TABLES = [
  { table: 'expanded', rows: 5, phases: 1 },
  { table: 'half_filled', rows: 20, phases: 1 },
  { table: 'backfilled', rows: 5, phases: 2 },
  { table: 'enforced', rows: 5, phases: 3 },
  { table: 'contracted', rows: 5, phases: 4 },
  { table: 'renamed', rows: 5, phases: 5 },
] as const;

/** Loads the dump into a database of its own. */
export async function createEarlierDatabase(): Promise<EarlierDatabase> {
  await using resources = new AsyncDisposableStack();
  const { url } = resources.use(await createTestDatabase());
  const admin = resources.use(await connect(url));
  const owner = resources.use(await createRole(url));
  const dump = await readFile(join(import.meta.dirname, 'step-1.sql'), 'utf8');
  await admin.rows(dump.replaceAll('state_owner', owner.name));
  const moved = resources.move();
  return { owner, url, admin, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

/** The change of a table of the schema `shop`. */
export const changeOfTotal = (table: string): ColumnChange =>
  changeOf(`${table}.total`, {
    schema: 'shop',
    from: 'text',
    to: 'numeric(12,2)',
    conversion: textToNumeric(12, 2),
  });

/** The phases that are left for a table, and the ways back of all of them. */
export function phasesLeft(phases: number): { up: readonly Phase[]; down: readonly Phase[] } {
  return { up: PHASES.up.slice(phases), down: PHASES.down };
}

/** The initial texts of a table with this many rows. Every fifth differs from the text that the conversion writes. */
export function originalTexts(rows: number): string[] {
  return Array.from({ length: rows }, (_, index) =>
    (index + 1) % 5 === 0 ? `${index + 1}` : `${index + 1}.50`,
  );
}
