import { Type } from '@mikro-orm/core';
import { typeOfAnyLength } from '../change/declared-type.ts';

/** Types whose values the driver converts to objects, which loses PostgreSQL's text. */
const READ_AS_TEXT = /^(jsonb?|bytea|interval|point|circle)\b|\[\]$/i;

/**
 * A column that the ORM reads and writes as PostgreSQL's own text, with an explicit type in every statement. If the
 * column has its other type and PostgreSQL does not convert implicitly, the statement fails with 42804 (datatype
 * mismatch). The unit of work then runs again on the right column. Without the explicit type, a text would be
 * converted to the new type according to the session's settings.
 */
export class TypedColumn extends Type<string, string> {
  // The ORM copies types by prototype, and a copy has no `#private` field.
  private readonly declared: string;

  /** @param type as `create table` accepts it: `numeric(12,2)` */
  constructor(type: string) {
    super();
    this.declared = type;
  }

  override convertToDatabaseValueSQL(value: string): string {
    return `${value}::text::${typeOfAnyLength(this.declared)}`;
  }

  /**
   * The ORM also compares and sorts by this expression. The planner reduces it to the plain column, so indexes work
   * and numbers stay numbers; it would not reduce a `coalesce`.
   */
  override convertToJSValueSQL(column: string): string {
    const typed = `case when true then ${column} else null::${this.declared} end`;
    return READ_AS_TEXT.test(this.declared) ? `(${typed})::text` : typed;
  }

  /** The driver converts some texts to numbers and booleans. */
  override convertToJSValue(value: string | number | boolean): string {
    return value === null ? value : String(value);
  }

  override getColumnType(): string {
    return this.declared;
  }

  /** Otherwise the ORM assumes from the column's type that the driver returns a number or a Date. */
  override compareAsType(): string {
    return 'string';
  }
}
