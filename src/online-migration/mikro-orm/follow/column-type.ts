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

/** The fields that MikroORM sets in the type of a property. */
export interface TypeContext {
  readonly platform: Platform;
  readonly meta: EntityMetadata;
  readonly prop: EntityProperty;
}

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
    const own = ownCopy(inner);
    this.inner = own;
    this.declared = declared;
    this.column = column;
    this.valueType = typeOfAnyLength(declared);
    this.isDate = own.runtimeType === 'Date';
    // The ORM asks whether a type has this method.
    if (own.compareValues !== undefined) this.compareValues = (one, other) => own.compareValues!(one, other);
  }

  /** Tells both types their property, as MikroORM does: DecimalType compares values by the platform. */
  belongTo(context: TypeContext): void {
    Object.assign(this.inner, context);
    Object.assign(this, context);
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
    return TEXT.test(this.declared)
      ? value
      : `case when ${this.isOfType(this.column)} then coalesce(${this.column}, ${value}) end`;
  }

  /**
   * The planner reduces the `case` to the one branch that is possible, so an index is still used. The check comes first: another
   * type may lack the operators of the conversion, and their absence has another SQLSTATE.
   */
  override convertToJSValueSQL(key: string, platform: Platform): string {
    const given = this.inner.convertToJSValueSQL?.(key, platform) ?? key;
    if (this.column === null) return given;
    const isOfType = TEXT.test(this.declared) ? 'true' : this.isOfType(this.column);
    const checked = `case when ${isOfType} then ${key} else null::${this.valueType} end`;
    return given === key
      ? checked
      : `case when false and (${checked}) is null then null when ${isOfType} then ${given} end`;
  }

  /**
   * A condition that is true, or fails with 42804. Without it, PostgreSQL would convert between types such as timestamps with and
   * without a time zone, or integers and decimals. It compares two nulls, so it is reduced when a statement is planned.
   */
  private isOfType(column: string): string {
    return `pg_catalog.record_image_eq(row(${column}), row(null::${this.valueType}))`;
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
  return Object.assign(copyOf(type), { convertToJSValueSQL: (key: string) => key });
}

/** A type for one property. A type of the application's own may have `#private` fields, which a copy would lack. */
function ownCopy(type: Type<unknown, unknown>): Type<unknown, unknown> {
  return Type.getOrmType(type.constructor) === undefined ? type : copyOf(type);
}

/** A copy, because MikroORM uses one object for several properties. */
function copyOf(type: Type<unknown, unknown>): Type<unknown, unknown> {
  const copy = Object.create(Object.getPrototypeOf(type) as object) as Type<unknown, unknown>;
  return Object.assign(copy, type);
}
