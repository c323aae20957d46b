import type { Queryable } from '../postgres/queryable.ts';

/** Enough to identify the statement; a query can be megabytes long. */
const STATEMENT_CHARACTERS = 200;
const MOST_STATEMENTS = 50;

/** A session that is running a statement or has a transaction open. */
export interface ActiveStatement {
  readonly pid: number;
  readonly application: string;
  /** `active`, `idle in transaction`, …; `unknown` if the reading role may not see it. */
  readonly state: string;
  /** Seconds since its statement began. */
  readonly seconds: number;
  /** Its wait event: `Lock: relation`; null while it computes. */
  readonly waitsFor: string | null;
  /** The first 200 characters of the statement. */
  readonly statement: string;
}

/** Reads the busy sessions of this database, except its own: the longest statement first, at most fifty. */
export async function findActiveStatements(database: Queryable): Promise<ActiveStatement[]> {
  const { rows } = await database.query<ActiveStatement>(`
    select pid, application_name as application, coalesce(state, 'unknown') as state,
      greatest(coalesce(extract(epoch from clock_timestamp() - query_start), 0), 0)::float8 as seconds,
      case when state = 'active' then wait_event_type || ': ' || wait_event end as "waitsFor",
      left(regexp_replace(query, '\\s+', ' ', 'g'), ${STATEMENT_CHARACTERS}) as statement
    from pg_catalog.pg_stat_activity
    where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
      and state is distinct from 'idle'
    order by query_start nulls last
    limit ${MOST_STATEMENTS}`);
  return rows;
}
