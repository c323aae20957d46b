import { Type } from '@mikro-orm/core';

/** Types whose values the driver makes objects of, in which PostgreSQL's text of them is lost. */
const READ_AS_TEXT = /^(jsonb?|bytea|interval|point|circle)\b|\[\]$/i;

/** Types that without a modifier are something else, and their names for a value of any length. */
const ANY_LENGTH: Readonly<Record<string, string>> = { char: 'bpchar', character: 'bpchar', bit: '"bit"' };

/**
 * A column that the ORM reads and writes as PostgreSQL's own text of its values, and of which it says the type in every
 * statement. A statement for the column in its other type then fails with 42804 (datatype mismatch) wherever PostgreSQL
 * does not convert the one into the other by itself, and the unit of work runs again on the right mapping; without it, a
 * text would be taken for a value of the new type as the session's settings say.
 */
export class TypedColumn extends Type<string, string> {
  // The ORM copies types by prototype, and a copy has no `#private` field.
  private readonly declared: string;

  /** @param type as `create table` takes it: `numeric(12,2)` */
  constructor(type: string) {
    super();
    this.declared = type;
  }

  /** Without the modifier: a cast to `varchar(50)` would cut a longer text off, where the column refuses it. */
  override convertToDatabaseValueSQL(value: string): string {
    const type = this.declared.replace(/\s*\([^()]*\)/, '');
    return `${value}::text::${ANY_LENGTH[type.toLowerCase()] ?? type}`;
  }

  /**
   * The ORM also compares and sorts by this expression. The planner makes the bare column of it, so indexes serve, and
   * numbers are no texts; a `coalesce` would stay.
   */
  override convertToJSValueSQL(column: string): string {
    const typed = `case when true then ${column} else null::${this.declared} end`;
    return READ_AS_TEXT.test(this.declared) ? `(${typed})::text` : typed;
  }

  /** The driver makes numbers and booleans of some texts. */
  override convertToJSValue(value: string | number | boolean): string {
    return value === null ? value : String(value);
  }

  override getColumnType(): string {
    return this.declared;
  }

  /** Otherwise the ORM concludes from the column's type that the driver gives a number or a Date. */
  override compareAsType(): string {
    return 'string';
  }
}
