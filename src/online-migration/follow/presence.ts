import { createHash } from 'node:crypto';
import { type ActiveColumn, FORMS } from './active-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { changeNamesOf } from '../change/names.ts';
import { MAX_NAME_BYTES, processName } from './process-name.ts';

const HASH_CHARACTERS = 8;

/** Prefix of the application names of all sessions of the package. */
export const PACKAGE_NAME = 'online-migration';

/** Takes the place of the form in the name of a session that serves requests. */
const POOL = 'pool';
const LONGEST_ROLE = Math.max(...[...FORMS, POOL].map((role) => role.length));

/** A live process of the application, read from its session's application name. */
export interface Presence {
  readonly pid: number;
  /**
   * Host and process: `host:process id`. If the host is too long, only its end, because names of containers differ
   * there.
   */
  readonly process: string;
  /** The form in use. */
  readonly form: ActiveColumn['form'];
  /** Address of its connection; null for a local socket. */
  readonly address: string | null;
}

/**
 * The application name of a session that declares its process's form: `online-migration/<change>/<form>/<process>`.
 * @param form the form in use
 */
export function presenceName(change: ColumnChange, form: ActiveColumn['form']): string {
  return sessionName(change, form);
}

/**
 * The application name of the sessions that serve the same process's requests. It names the process, not the column.
 */
export function poolNameOf(change: ColumnChange): string {
  return sessionName(change, POOL);
}

/** All live processes of the application that declare the form of a change. */
export async function findPresences(database: Queryable, change: ColumnChange): Promise<Presence[]> {
  const { rows } = await database.query<{ pid: number; application_name: string; address: string | null }>(
    `
    select pid, application_name, host(client_addr) as address
    from pg_catalog.pg_stat_activity
    where datname = current_database() and starts_with(application_name, $1)
    order by backend_start`,
    [prefixOf(change)],
  );
  return rows.flatMap(({ pid, application_name: name, address }) => {
    const { role, process } = readSessionName(change, name);
    const form = FORMS.find((known) => known === role);
    return form === undefined ? [] : [{ pid, process, form, address }];
  });
}

/** The process whose requests a session with this application name serves; undefined for any other session. */
export function processOfPool(change: ColumnChange, name: string): string | undefined {
  if (!name.startsWith(prefixOf(change))) return undefined;
  const { role, process } = readSessionName(change, name);
  return role === POOL ? process : undefined;
}

function sessionName(change: ColumnChange, role: string): string {
  const prefix = prefixOf(change);
  // Independent of the role, so that a process has one name.
  const left = MAX_NAME_BYTES - prefix.length - LONGEST_ROLE - '/'.length;
  return `${prefix}${role}/${processName(left)}`;
}

function readSessionName(change: ColumnChange, name: string): { role: string; process: string } {
  const [role = '', process = ''] = name.slice(prefixOf(change).length).split('/');
  return { role, process };
}

/** Names the change in few bytes, because the application's name follows it. */
function prefixOf(change: ColumnChange): string {
  const hash = createHash('sha256')
    .update(changeNamesOf(change).change)
    .digest('hex')
    .slice(0, HASH_CHARACTERS);
  return `${PACKAGE_NAME}/${hash}/`;
}
