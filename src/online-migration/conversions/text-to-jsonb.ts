import type { Conversion } from '../column-change.ts';

/**
 * Text to `jsonb` and back. Spaces, the order of keys and keys that stand twice are lost on the way; contract keeps such a
 * text for the way back. From PostgreSQL 16 on: only since then can it tell what is JSON without an error.
 */
export const textToJsonb: Conversion = {
  forward: (value) => `case when pg_input_is_valid(${value}::text, 'jsonb') then ${value}::text::jsonb end`,
  backward: (value) => `${value}::text`,
  serverVersion: 16,
};
