import type { Socket } from 'node:net';

/** The effect of a valid request on the table. */
export type Effect =
  | { readonly does: 'create'; readonly name: string; readonly createdAt?: string }
  | { readonly does: 'update'; readonly id: number; readonly name?: string; readonly createdAt?: string }
  | { readonly does: 'remove'; readonly id: number }
  | { readonly does: 'nothing' };

/** The bytes sent on one connection. */
export interface HostileRequest {
  readonly kind: string;
  readonly write: Buffer | ((socket: Socket) => void | Promise<void>);
  /** The documented operation, if the bytes are one request that HTTP allows. */
  readonly documented?: { readonly method: string; readonly path: string };
  readonly isHead: boolean;
  /**
   * The expected answers in order: the effect of a valid request, or `refused`. Null if both are correct and the
   * request cannot change anything.
   */
  readonly expected: readonly (Effect | 'refused')[] | null;
}

/** The answers of a request that changes nothing: it is refused or has no effect. */
export const REFUSED = ['refused'] as const;
export const NOTHING = [{ does: 'nothing' }] as const;
