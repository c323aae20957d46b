import type { Conversion } from '../../change/column-change.ts';
import { reversedToText } from '../shared/expression.ts';

const HYPHENATED = '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';

/**
 * Text to `uuid` and back, in the usual form with four hyphens. PostgreSQL's own cast also accepts braces and hyphens
 * in other places. Capital letters are lost, so contract keeps texts with capital letters.
 */
export const textToUuid: Conversion = {
  forward: (value) =>
    `case when (${value}::text collate "C") ~ '${HYPHENATED}' then ${value}::text::uuid end`,
  backward: (value) => `${value}::text`,
};

/** `uuid` to text and back, in small letters with four hyphens. Any other text cannot be converted back. */
export const uuidToText: Conversion = reversedToText(textToUuid);
