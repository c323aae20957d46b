import type { Conversion } from '../../change/column-change.ts';
import { onlyIf, reversedToText } from '../shared/expression.ts';

/** How bytes are written as a text. */
export type ByteaFormat = 'hex' | 'base64';

const PATTERNS: Readonly<Record<ByteaFormat, string>> = {
  hex: '^(?:[0-9a-fA-F]{2})*$',
  base64: '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$',
};

/**
 * Text to `bytea` and back, in base64 with its padding or in hexadecimal digits. A text with spaces or line breaks, or
 * with the prefix `\x`, is a reject. Contract keeps a text with capital hexadecimal digits, and one whose padding hides
 * bits.
 */
export function textToBytea(format: ByteaFormat): Conversion {
  return {
    forward: (value) =>
      onlyIf(`(${value}::text collate "C") ~ '${PATTERNS[format]}'`, `decode(${value}::text, '${format}')`),
    // PostgreSQL breaks lines of base64.
    backward: (value) => `replace(encode(${value}, '${format}'), chr(10), '')`,
  };
}

/** `bytea` to text and back, in base64 or in small hexadecimal digits. Any other text cannot be converted back. */
export function byteaToText(format: ByteaFormat): Conversion {
  return reversedToText(textToBytea(format));
}
