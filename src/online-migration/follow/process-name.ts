import { hostname } from 'node:os';

/** PostgreSQL truncates an application name to this many bytes. */
export const MAX_NAME_BYTES = 63;

/** Replaces characters that PostgreSQL would replace, and the slash, which parts the name of a session. */
export function plainName(text: string): string {
  return text.replaceAll(/[^\x21-\x2e\x30-\x7e]/g, '?');
}

/**
 * Names this process in the application name of its sessions: `host:process id`. Of a host that is too long, only its end, because
 * names of containers differ there.
 * @param bytes that are left
 */
export function processName(bytes: number): string {
  const suffix = `:${process.pid}`;
  return `${plainName(hostname()).slice(-(bytes - suffix.length))}${suffix}`;
}
