/** Settings by name, each with the SQL expression of its value. */
type Settings = Readonly<Record<string, string>>;

/**
 * Settings that a migration needs, whatever the role and the database have set for the application. It writes, sees
 * commits of others, and resolves unqualified names in a schema.
 */
export const NEUTRAL_SETTINGS: Settings = {
  default_transaction_isolation: `'read committed'`,
  default_transaction_read_only: `'off'`,
  default_transaction_deferrable: `'off'`,
  search_path: `case when current_setting('search_path') in ('', '""') then 'public' else current_setting('search_path') end`,
};

/**
 * Settings for the connections of MikroORM's command line. A migration that sends statements itself is idle in its transaction while it
 * waits for a lock or for older processes. Its other timeouts are the author's.
 */
export const POOL_SETTINGS: Settings = {
  ...NEUTRAL_SETTINGS,
  idle_in_transaction_session_timeout: `'0'`,
};

/** How values are written as text. Keys and kept values must look the same in every session and in triggers. */
export const TEXT_SETTINGS: Settings = {
  timezone: `'UTC'`,
  datestyle: `'ISO, YMD'`,
  intervalstyle: `'postgres'`,
  extra_float_digits: `'1'`,
  bytea_output: `'hex'`,
  quote_all_identifiers: `'off'`,
};

/**
 * How values in the package's statements are read: a backslash in a literal stands for itself, as in regular expressions, and a null in
 * an array is null.
 */
const LITERAL_SETTINGS: Settings = {
  standard_conforming_strings: `'on'`,
  array_nulls: `'on'`,
};

/** Settings that change the meaning of a statement. A session for statements of others has those of its role. */
export const MEANING_SETTINGS: readonly string[] = [
  ...Object.keys(TEXT_SETTINGS),
  ...Object.keys(LITERAL_SETTINGS),
  'row_security',
];

/**
 * Further settings of the package's sessions.
 *
 * - `$1` is the statement timeout, `$2` the application's name. A name in the URL takes precedence over the one in
 *   the options.
 * - `row_security = off` turns rows that a policy hides into an error. Hidden rows would not be converted.
 * - Timeouts that the role has for its requests are turned off, because some statements read a whole table. The
 *   package sets its own timeouts.
 * - The JIT compiler is off: it takes longer than the catalog queries that it would speed up, also under a lock.
 * - Parallel workers are off: the counts at the end of a backfill, each on three processors, made requests queue for
 *   seconds.
 */
export const PACKAGE_SETTINGS: Settings = {
  statement_timeout: `$1`,
  application_name: `$2`,
  ...TEXT_SETTINGS,
  ...LITERAL_SETTINGS,
  row_security: `'off'`,
  transaction_timeout: `'0'`,
  lock_timeout: `'0'`,
  idle_in_transaction_session_timeout: `'0'`,
  jit: `'off'`,
  max_parallel_workers_per_gather: `'0'`,
  max_parallel_maintenance_workers: `'0'`,
};

/** Builds one statement that sets all of them for the session. It leaves out settings that the server does not have. */
export function settingsStatement(settings: Settings): string {
  const values = Object.entries(settings).map(([name, value]) => `('${name}', ${value})`);
  return `
    select set_config(s.name, wanted.value, false)
    from (values ${values.join(', ')}) as wanted (name, value)
    join pg_catalog.pg_settings s using (name)`;
}
