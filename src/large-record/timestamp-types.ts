import { Type } from '@mikro-orm/core';
import { formatMoment, readStoredMoment } from './timestamp.ts';

/** A moment, or the stored text of a value that is none. */
type StoredMoment = Date | string;

/**
 * PostgreSQL itself turns a text into a timestamptz, and back, wherever a literal meets a column, as the session's
 * TimeZone and DateStyle say. A mapping that has been overtaken by a change of the column's type would go on without an
 * error, and with wrong values. This expression fails with 42804 (datatype mismatch) there.
 */
function onlyOfType(type: string, column: string): string {
  return `coalesce(${column}, null::${type})`;
}

/** How a moment crosses between the application and a column, as text on the wire. */
export abstract class StoredMomentType extends Type<StoredMoment, string> {
  abstract override convertToDatabaseValue(value: StoredMoment): string;

  override convertToJSValue(value: string): StoredMoment {
    return readStoredMoment(value);
  }

  /** Otherwise the ORM concludes from the column's type that a driver's Date arrives, and makes one of the text. */
  override compareAsType(): string {
    return 'string';
  }
}

/** A moment in a text column. */
export class TextMoment extends StoredMomentType {
  override convertToDatabaseValue(value: StoredMoment): string {
    return typeof value === 'string' ? value : formatMoment(value);
  }

  override convertToJSValueSQL(column: string): string {
    return onlyOfType('varchar', column);
  }

  override getColumnType(): string {
    return 'varchar(50)';
  }
}

/**
 * A moment in a timestamptz column. PostgreSQL's own text for it depends on the session's TimeZone and
 * DateStyle; this type asks for a text, and writes one, that depends on neither.
 */
export class TimestampMoment extends StoredMomentType {
  override convertToDatabaseValue(value: StoredMoment): string {
    return typeof value === 'string' ? value : `${formatMoment(value)}+00`;
  }

  /**
   * @param column quoted
   * @returns an expression for `YYYY-MM-DD HH:MM:SS` in UTC; the value's ISO 8601 text where its year has not four
   *   digits (to_char would drop "BC" and gives null for infinity)
   */
  override convertToJSValueSQL(column: string): string {
    return `case
      when ${onlyOfType('timestamptz', column)} >= timestamptz '0001-01-01 00:00:00+00'
        and ${column} < timestamptz '10000-01-01 00:00:00+00'
      then to_char(${column} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
      else to_json(${column} at time zone 'UTC') #>> '{}'
    end`;
  }

  override getColumnType(): string {
    return 'timestamptz';
  }
}
