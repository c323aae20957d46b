import { Type } from '@mikro-orm/core';
import { formatTimestamp, readStoredTimestamp } from './timestamp.ts';

/** A timestamp, or a stored text that is not one. */
type StoredTimestamp = Date | string;

/** Converts timestamps between the application and a column. Values cross as text. */
export abstract class StoredTimestampType extends Type<StoredTimestamp, string> {
  abstract override convertToDatabaseValue(value: StoredTimestamp): string;

  override convertToJSValue(value: string): StoredTimestamp {
    return readStoredTimestamp(value);
  }

  /** Otherwise the ORM infers from the column's type that the driver returns a Date, and converts the text to one. */
  override compareAsType(): string {
    return 'string';
  }
}

/** A timestamp in a text column. */
export class TextTimestamp extends StoredTimestampType {
  override convertToDatabaseValue(value: StoredTimestamp): string {
    return typeof value === 'string' ? value : formatTimestamp(value);
  }

  override getColumnType(): string {
    return 'varchar(50)';
  }
}

/**
 * A timestamp in a timestamptz column. It reads and writes texts that do not depend on the session's TimeZone and
 * DateStyle; PostgreSQL's default text does.
 */
export class NativeTimestamp extends StoredTimestampType {
  override convertToDatabaseValue(value: StoredTimestamp): string {
    return typeof value === 'string' ? value : `${formatTimestamp(value)}+00`;
  }

  /**
   * @param column quoted
   * @returns an expression for `YYYY-MM-DD HH:MM:SS` in UTC. If the year does not have four digits, it returns ISO 8601
   *   text: to_char drops "BC" and returns null for infinity
   */
  override convertToJSValueSQL(column: string): string {
    return `case
      when ${column} >= timestamptz '0001-01-01 00:00:00+00'
        and ${column} < timestamptz '10000-01-01 00:00:00+00'
      then to_char(${column} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
      else to_json(${column} at time zone 'UTC') #>> '{}'
    end`;
  }

  override getColumnType(): string {
    return 'timestamptz';
  }
}
