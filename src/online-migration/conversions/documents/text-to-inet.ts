import type { Conversion } from '../../change/column-change.ts';
import { onlyIf, reversedToText } from '../shared/expression.ts';

const BYTE = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const IPV4 = `${BYTE}(?:[.]${BYTE}){3}`;
const HEX = '[0-9a-fA-F]{1,4}';
const GROUPS = 8;

/**
 * All forms of an IPv6 address: in full, or with `::` in place of at least one group; the last two may be an IPv4
 * address.
 */
function ipv6(): string {
  const forms = [`(?:${HEX}:){7}${HEX}`, `(?:${HEX}:){6}${IPV4}`, `::(?:[fF]{4}:)?${IPV4}`, `::`];
  for (let before = 0; before < GROUPS; before += 1) {
    const head = before === 0 ? ':' : `(?:${HEX}:){${before}}`;
    const after = GROUPS - 1 - before;
    if (before > 0) forms.push(`${head}:`);
    if (after > 0) forms.push(`${head}(?::${HEX}){1,${after}}`);
  }
  return forms.join('|');
}

const ADDRESS = `^(?:${IPV4}(?:/(?:3[0-2]|[12]?[0-9]))?|(?:${ipv6()})(?:/(?:12[0-8]|1[01][0-9]|[1-9]?[0-9]))?)$`;

/**
 * Text to `inet` and back: IPv4 and IPv6 addresses, with or without the length of a network's prefix. Contract keeps a
 * text in another notation than PostgreSQL's own, such as `2001:DB8::0001` or `10.0.0.1/32`. A number with a leading
 * zero and a zone such as `%eth0` are rejects.
 */
export const textToInet: Conversion = {
  forward: (value) => onlyIf(`(${value}::text collate "C") ~ '${ADDRESS}'`, `${value}::text::inet`),
  // The cast to text would add /32 to every address.
  backward: (value) => `abbrev(${value})`,
};

/** `inet` to text and back, in PostgreSQL's own notation. Any other text cannot be converted back. */
export const inetToText: Conversion = reversedToText(textToInet);
