/** Settings by name, each with the SQL expression of its value. */
type Settings = Readonly<Record<string, string>>;

/**
 * Settings that a migration needs, whatever the role and the database have set for the application: it writes, sees commits of
 * others, and finds a schema for unqualified names.
 */
export const NEUTRAL_SETTINGS: Settings = {
  default_transaction_isolation: `'read committed'`,
  default_transaction_read_only: `'off'`,
  default_transaction_deferrable: `'off'`,
  search_path: `case when current_setting('search_path') in ('', '""') then 'public' else current_setting('search_path') end`,
};

/** How values are written as text. That of keys and of kept values has to be the same in every session, and in triggers. */
export const TEXT_SETTINGS: Settings = {
  timezone: `'UTC'`,
  datestyle: `'ISO, YMD'`,
  intervalstyle: `'postgres'`,
  extra_float_digits: `'1'`,
  bytea_output: `'hex'`,
  quote_all_identifiers: `'off'`,
};

/**
 * Further settings of the package's sessions.
 *
 * - `$1` is the statement timeout, `$2` the application's name: one in the URL takes precedence over the one of the options.
 * - `row_security = off` turns rows that a policy hides into an error; unseen rows would not be converted.
 * - No timeout that a role has for its requests ends a statement that reads a whole table. Statements of the package have
 *   timeouts of their own.
 * - Without the JIT compiler: it takes longer than the catalog queries that it would speed up, also under a lock.
 * - No statement uses more than one processor: the counts at the end of a backfill, each on three, made requests queue for
 *   seconds.
 */
export const PACKAGE_SETTINGS: Settings = {
  statement_timeout: `$1`,
  application_name: `$2`,
  ...TEXT_SETTINGS,
  row_security: `'off'`,
  transaction_timeout: `'0'`,
  lock_timeout: `'0'`,
  idle_in_transaction_session_timeout: `'0'`,
  jit: `'off'`,
  max_parallel_workers_per_gather: `'0'`,
  max_parallel_maintenance_workers: `'0'`,
};

/** One statement that sets all of them for the session; a setting that the server does not have is left out. */
export function settingsStatement(settings: Settings): string {
  const values = Object.entries(settings).map(([name, value]) => `('${name}', ${value})`);
  return `
    select set_config(s.name, wanted.value, false)
    from (values ${values.join(', ')}) as wanted (name, value)
    join pg_catalog.pg_settings s using (name)`;
}
