import type { Connection } from './cluster-files.ts';

/** The URL of a database of a server on this machine. With the password: not for printing. */
export function connectionUrl(
  { user, password }: Connection,
  port: number,
  databaseName = 'postgres',
): string {
  return `postgresql://${user}:${password}@127.0.0.1:${port}/${encodeURIComponent(databaseName)}`;
}

/**
 * The URL as it may be printed: user, host, port and database alone. The query goes altogether, since drivers
 * take a password, or a key's passphrase, from there too.
 */
export function printableUrl(url: string): string {
  const printable = new URL(url);
  printable.password = '';
  printable.search = '';
  printable.hash = '';
  return printable.href;
}
