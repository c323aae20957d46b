import { escapeLiteral } from 'pg';
import type { Conversion } from '../../change/column-change.ts';
import { type Convert, onlyIf } from '../shared/expression.ts';

/** The server version with `pg_input_is_valid`. */
const SERVER_VERSION = 16;

/**
 * A conversion whose new type is a domain with checks: a value that a check does not accept is a reject, and raises no
 * error. It needs PostgreSQL 16. For a domain without checks, use the conversion itself.
 *
 * @param conversion to the domain's base type
 * @param type the domain's schema and name, as SQL writes them: `public.email`
 */
export function intoDomain(conversion: Conversion, type: string): Conversion {
  const checked =
    (convert: Convert): Convert =>
    (value) => {
      const converted = `(${convert(value)})`;
      return onlyIf(`pg_input_is_valid(${converted}::text, ${escapeLiteral(type)})`, converted);
    };
  const { forward, forwardInBulk } = conversion;
  return {
    ...conversion,
    forward: checked(forward),
    ...(forwardInBulk === undefined ? {} : { forwardInBulk: checked(forwardInBulk) }),
    serverVersion: Math.max(SERVER_VERSION, conversion.serverVersion ?? 0),
  };
}
