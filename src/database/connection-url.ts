import type { Connection } from './cluster-files.ts';

/** Scheme and user, hosts, and the rest. In a URL, `/`, `?` and `#` in a user name or password are percent-encoded. */
const PARTS = /^(\w+:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/s;

/** The URL of a database on this machine. It contains the password: do not print it. */
export function connectionUrl(
  { user, password }: Connection,
  port: number,
  databaseName = 'postgres',
): string {
  return `postgresql://${user}:${password}@127.0.0.1:${port}/${encodeURIComponent(databaseName)}`;
}

/**
 * Splits a URL with several hosts into one URL per host. PostgreSQL's programs accept
 * `postgresql://user@first:5432,second:5432/database`; `pg` and MikroORM accept one host.
 */
export function urlsOfHosts(url: string): string[] {
  const [, before = '', hosts = '', after = ''] = PARTS.exec(url) ?? [];
  return hosts === '' ? [url] : hosts.split(',').map((host) => `${before}${host}${after}`);
}

/**
 * Whether the text is a PostgreSQL URL that the driver parses as intended.
 *
 * If a password contains an unencoded `/`, `?` or `#`, an `@` remains after the host, and part of the password would be
 * printed as the host. In a `.env` file, `#` starts a comment, so a password with `#` leaves a URL without database and
 * parameters.
 */
export function isConnectionUrl(text: string): boolean {
  const parts = PARTS.exec(text);
  return parts !== null && !parts[3]!.includes('@') && urlsOfHosts(text).every(isUrlOfHost);
}

function isUrlOfHost(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) return false;
  const namesDatabase = url.pathname.length > 1 || url.search.length > 1;
  return namesDatabase && [url.username, url.password, url.pathname].every(isPercentEncoded);
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The URL for output: only user, host, port and database. The query is dropped, because drivers also read passwords and
 * passphrases from it.
 *
 * @param url a valid URL by {@link isConnectionUrl}
 */
export function printableUrl(url: string): string {
  return urlsOfHosts(url)
    .map((urlOfHost) => {
      const printable = new URL(urlOfHost);
      printable.password = '';
      printable.search = '';
      printable.hash = '';
      return printable.href;
    })
    .join(' or ');
}
