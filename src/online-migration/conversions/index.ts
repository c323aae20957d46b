import '../change/require-node.ts';

export { booleanToText } from './boolean-to-text.ts';
export { charToText } from './char-to-text.ts';
export { integerToBigint } from './integer-to-bigint.ts';
export { textToEnum } from './text-to-enum.ts';
export { textToJsonb } from './text-to-jsonb.ts';
export { textToNumeric } from './text-to-numeric.ts';
export { textToTimestamptz, textToTimestamptzOf } from './text-to-timestamptz.ts';
export { textToUuid } from './text-to-uuid.ts';
export { timestampToTimestamptz } from './timestamp-to-timestamptz.ts';
export { varcharToText } from './varchar-to-text.ts';
