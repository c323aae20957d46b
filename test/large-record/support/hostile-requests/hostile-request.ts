import type { Socket } from 'node:net';

/** What a request that is valid does to the table. */
export type Effect =
  | { readonly does: 'create'; readonly name: string; readonly createdAt?: string }
  | { readonly does: 'update'; readonly id: number; readonly name?: string; readonly createdAt?: string }
  | { readonly does: 'remove'; readonly id: number }
  | { readonly does: 'nothing' };

/** What is sent on one connection. */
export interface HostileRequest {
  readonly kind: string;
  readonly write: Buffer | ((socket: Socket) => void | Promise<void>);
  /** What the document says of its answer, where it is one request that HTTP allows. */
  readonly documented?: { readonly method: string; readonly path: string };
  readonly isHead: boolean;
  /**
   * What is answered, in order: the effect of a valid request, or `refused`. Null where both are right, and the request
   * cannot change anything.
   */
  readonly expected: readonly (Effect | 'refused')[] | null;
}

/** The answers of a request that changes nothing: it is refused, or does nothing. */
export const REFUSED = ['refused'] as const;
export const NOTHING = [{ does: 'nothing' }] as const;
