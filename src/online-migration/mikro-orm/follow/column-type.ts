import {
  type EntityMetadata,
  type EntityProperty,
  type Platform,
  type TransformContext,
  Type,
} from '@mikro-orm/core';
import { typeOfAnyLength } from '../../change/declared-type.ts';

/** Types whose values PostgreSQL does not convert to another type without being asked. */
const TEXT = /^(text|varchar|character|char|bpchar|citext)\b/i;

/**
 * A property's type with a check of the column. If the column has its other type, each statement that reads or writes it fails
 * with 42804 (datatype mismatch), and the unit of work runs again. Without the check, PostgreSQL would convert a text
 * to the new type according to the session's settings.
 */
export class CheckedType extends Type<unknown, unknown> {
  // The ORM copies types by prototype, and a copy has no `#private` field.
  private readonly inner: Type<unknown, unknown>;
  private readonly declared: string;
  private readonly column: string | null;
  private readonly valueType: string;
  private readonly isDate: boolean;

  /**
   * @param inner converts the values
   * @param declared the column's type, as the change declares it
   * @param column an expression that is null and has the column's type; null if the column's name never has another type
   */
  constructor(inner: Type<unknown, unknown>, declared: string, column: string | null) {
    super();
    this.inner = inner;
    this.declared = declared;
    this.column = column;
    this.valueType = typeOfAnyLength(declared);
    this.isDate = inner.runtimeType === 'Date';
    // The ORM asks whether a type has this method.
    if (inner.compareValues !== undefined)
      this.compareValues = (one, other) => inner.compareValues!(one, other);
  }

  override convertToDatabaseValue(value: unknown, platform: Platform, context?: TransformContext): unknown {
    return this.inner.convertToDatabaseValue(value, platform, context);
  }

  override convertToJSValue(value: unknown, platform: Platform, context?: TransformContext): unknown {
    const converted = this.inner.convertToJSValue(value, platform, context);
    // MikroORM parses dates only for properties without a type of their own.
    return this.isDate && typeof converted === 'string' ? platform.parseDate(converted) : converted;
  }

  /** The `coalesce` has the types compared: PostgreSQL assigns a value of any type to a text column, converted. */
  override convertToDatabaseValueSQL(key: string, platform: Platform): string {
    const given = this.inner.convertToDatabaseValueSQL?.(key, platform) ?? key;
    if (this.column === null) return given;
    const value = `${given}::${this.valueType}`;
    return TEXT.test(this.declared) ? value : `coalesce(${this.column}, ${value})`;
  }

  /**
   * The planner reduces the `case` to the one branch that is possible, so an index is still used. The check comes first: another
   * type may lack the operators of the conversion, and their absence has another SQLSTATE.
   */
  override convertToJSValueSQL(key: string, platform: Platform): string {
    const given = this.inner.convertToJSValueSQL?.(key, platform) ?? key;
    if (this.column === null) return given;
    const checked = `case when true then ${key} else null::${this.valueType} end`;
    return given === key ? checked : `case when false and (${checked}) is null then null else ${given} end`;
  }

  override compareAsType(): string {
    return this.inner.compareAsType();
  }

  override get runtimeType(): string {
    return this.inner.runtimeType;
  }

  override toJSON(value: unknown, platform: Platform): unknown {
    return this.inner.toJSON(value, platform);
  }

  override getColumnType(): string {
    return this.declared;
  }

  override ensureComparable<Entity extends object>(
    meta: EntityMetadata<Entity>,
    property: EntityProperty<Entity>,
  ): boolean {
    return this.inner.ensureComparable(meta, property);
  }
}

/**
 * The same type, for a column that statements must name. MikroORM selects all columns with `*` unless a type converts in SQL; after
 * a rename, `*` would return a row without the property instead of an error.
 */
export function namedType(type: Type<unknown, unknown>): Type<unknown, unknown> {
  if (type.convertToJSValueSQL !== undefined) return type;
  // A copy, because MikroORM uses one object for several properties.
  const copy = Object.create(Object.getPrototypeOf(type) as object) as Type<unknown, unknown>;
  return Object.assign(copy, type, { convertToJSValueSQL: (key: string) => key });
}
