import type { Connection } from './cluster-files.ts';

/** Scheme and user, hosts, and the rest. A `/`, `?` or `#` of a user name or a password is percent-encoded in a URL. */
const PARTS = /^(\w+:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/s;

/** The URL of a database of a server on this machine. With the password: not for printing. */
export function connectionUrl(
  { user, password }: Connection,
  port: number,
  databaseName = 'postgres',
): string {
  return `postgresql://${user}:${password}@127.0.0.1:${port}/${encodeURIComponent(databaseName)}`;
}

/**
 * The URL of each host of a URL that may name several, as PostgreSQL's own programs take it:
 * `postgresql://user@first:5432,second:5432/database`. (`pg` and MikroORM take one host.)
 */
export function urlsOfHosts(url: string): string[] {
  const [, before = '', hosts = '', after = ''] = PARTS.exec(url) ?? [];
  return hosts === '' ? [url] : hosts.split(',').map((host) => `${before}${host}${after}`);
}

/**
 * Whether the text is a PostgreSQL URL that the driver splits as its author meant. If a password contains a `/`, `?` or `#`
 * that is not percent-encoded, an `@` is left after the host, and a part of the password would be printed as the host. In a
 * `.env` file, `#` begins a comment, so such a password leaves a URL without database and parameters.
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
 * The URL as it may be printed: user, host, port and database alone. The query goes altogether, since drivers
 * take a password, or a key's passphrase, from there too.
 *
 * @param url must be one for which {@link isConnectionUrl} holds
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
