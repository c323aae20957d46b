import { Type } from '@mikro-orm/core';

/**
 * A column that the ORM reads and writes as PostgreSQL's own text of its values, and of which it says the type in every
 * statement. A statement for the column in its other type then fails with 42804 (datatype mismatch) wherever PostgreSQL
 * does not convert the one into the other by itself, and the unit of work runs again on the right mapping; without it, a
 * text would be taken for a value of the new type as the session's settings say.
 */
export class TypedColumn extends Type<string, string> {
  // MikroORM copies types by their prototype, and a copy has no #private fields.
  private readonly type: string;

  /** @param type as `create table` takes it: `numeric(12,2)` */
  constructor(type: string) {
    super();
    this.type = type;
  }

  /** Without the modifier: a cast to `varchar(50)` would cut a longer text off, where the column refuses it. */
  override convertToDatabaseValueSQL(value: string): string {
    return `${value}::text::${this.type.replace(/\([^()]*\)/, '')}`;
  }

  override convertToJSValueSQL(column: string): string {
    return `coalesce(${column}, null::${this.type})::text`;
  }

  override getColumnType(): string {
    return this.type;
  }

  /** Otherwise the ORM concludes from the column's type that the driver gives a number or a Date. */
  override compareAsType(): string {
    return 'string';
  }
}
