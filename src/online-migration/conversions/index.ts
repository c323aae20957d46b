import '../change/require-node.ts';

export { booleanToText } from './texts/boolean-to-text.ts';
export { charToText } from './texts/char-to-text.ts';
export { byteaToText, type ByteaFormat, textToBytea } from './documents/text-to-bytea.ts';
export { inetToText, textToInet } from './documents/text-to-inet.ts';
export { intervalToText, textToInterval } from './documents/text-to-interval.ts';
export { jsonbToJson, jsonbToText, jsonToJsonb, jsonToText, textToJson } from './documents/json.ts';
export { jsonbToTextArray, textArrayToJsonb } from './documents/text-array-to-jsonb.ts';
export { integerToBigint } from './numbers/integer-to-bigint.ts';
export { doubleToNumeric, realToNumeric } from './numbers/float-to-numeric.ts';
export {
  bigintToNumeric,
  integerToNumeric,
  numericToBigint,
  numericToInteger,
  numericToSmallint,
  smallintToNumeric,
} from './numbers/integer-to-numeric.ts';
export {
  bigintToInteger,
  bigintToSmallint,
  integerToSmallint,
  smallintToBigint,
  smallintToInteger,
} from './numbers/integers.ts';
export { moneyToNumeric } from './numbers/money-to-numeric.ts';
export { centsToNumeric, numericToCents } from './numbers/numeric-to-cents.ts';
export { textToEnum } from './texts/text-to-enum.ts';
export { textToJsonb } from './documents/text-to-jsonb.ts';
export { numericToText, textToNumeric } from './numbers/text-to-numeric.ts';
export { textToTimestamptz, textToTimestamptzOf, timestamptzToText } from './times/text-to-timestamptz.ts';
export { textToUuid, uuidToText } from './documents/text-to-uuid.ts';
export {
  charToChar,
  charToCitext,
  charToVarchar,
  citextToChar,
  citextToText,
  citextToVarchar,
  textToChar,
  textToCitext,
  textToVarchar,
  varcharToChar,
  varcharToCitext,
  varcharToVarchar,
} from './texts/between-texts.ts';
export {
  booleanToInteger,
  booleanToSmallint,
  integerToBoolean,
  smallintToBoolean,
  textToBoolean,
} from './texts/booleans.ts';
export { type EnumType, enumToEnum, enumToText } from './texts/enums.ts';
export { dateToTimestamp, dateToTimestamptz, timestampToDate, timestamptzToDate } from './times/dates.ts';
export { type EpochTypes, type EpochUnit, epochToTimestamptz, timestamptzToEpoch } from './times/epoch.ts';
export { timestamptzToTimestamp } from './times/timestamptz-to-timestamp.ts';
export { type Precisions, timestampToTimestamptz } from './times/timestamp-to-timestamptz.ts';
export { varcharToText } from './texts/varchar-to-text.ts';
export { arrayOf } from './wrappers/array-of.ts';
export { intoDomain } from './wrappers/into-domain.ts';
