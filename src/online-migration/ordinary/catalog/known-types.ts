import type { TypeName } from 'libpg-query';
import { asKind } from '../../sql/statements.ts';
import { stringsOf } from '../planning/table-command.ts';

/** A type as a statement names it, without the schema. */
export interface KnownType {
  readonly name: string;
  /** `varchar(50)` has 50; `numeric(12,2)` has 12 and 2. */
  readonly modifiers: readonly number[];
  readonly isArray: boolean;
}

/** Types whose default is the next number of a sequence. */
export const SERIAL = /^(?:small|big)?serial[248]?$/;

/** The type that a statement names. */
export function typeOf(type: TypeName | undefined): KnownType {
  return {
    name: stringsOf(type?.names).at(-1) ?? '',
    // The grammar leaves out a zero.
    modifiers: (type?.typmods ?? []).map((node) => asKind(node, 'A_Const')?.ival?.ival ?? 0),
    isArray: (type?.arrayBounds?.length ?? 0) > 0,
  };
}

const TEXTS = new Set(['text', 'varchar']);

/**
 * Whether PostgreSQL changes one type to another without a rewrite: each value of the old type is stored as the new type would store it.
 * Types that are left out here may be of this kind, too.
 */
export function isStoredAlike(from: KnownType, to: KnownType): boolean {
  if (from.isArray || to.isArray) return isSame(from, to);
  if (from.name === 'cidr' && to.name === 'inet') return true;
  if (TEXTS.has(from.name) && TEXTS.has(to.name)) return isAtLeast(to.modifiers[0], from.modifiers[0]);
  if (from.name !== to.name) return false;
  if (from.name === 'varbit') return isAtLeast(to.modifiers[0], from.modifiers[0]);
  if (from.name !== 'numeric') return isSame(from, to);
  const hasScale = to.modifiers.length === 0 || (to.modifiers[1] ?? 0) === (from.modifiers[1] ?? 0);
  return isAtLeast(to.modifiers[0], from.modifiers[0]) && hasScale;
}

/** Compares two lengths. Without one, all values fit. */
function isAtLeast(length: number | undefined, other: number | undefined): boolean {
  return length === undefined || (other !== undefined && length >= other);
}

function isSame(from: KnownType, to: KnownType): boolean {
  return (
    from.name === to.name && from.isArray === to.isArray && String(from.modifiers) === String(to.modifiers)
  );
}

/** Types of PostgreSQL. Another one may be a domain. */
const BUILT_IN = new Set(
  (
    'bit bool boolean box bpchar bytea char cidr circle date float4 float8 inet int int2 int4 int8 integer interval json jsonb jsonpath ' +
    'line lseg macaddr macaddr8 money numeric decimal oid path point polygon real smallint bigint serial bigserial smallserial serial2 ' +
    'serial4 serial8 text time timestamp timestamptz timetz tsquery tsvector uuid varbit varchar xml int4range int8range numrange ' +
    'tsrange tstzrange daterange int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange name ' +
    'citext hstore ltree geometry geography vector'
  ).split(' '),
);

/** Whether a type is one of PostgreSQL, or of an extension that makes no domains. */
export function isBuiltIn(type: readonly string[]): boolean {
  return type[0] === 'pg_catalog' || BUILT_IN.has(type.at(-1) ?? '');
}

/** Functions of which each call gives another value. */
const VOLATILE = new Set(
  (
    'random gen_random_uuid uuidv4 uuidv7 uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 clock_timestamp timeofday nextval ' +
    'currval lastval gen_random_bytes'
  ).split(' '),
);

/** Functions that give one value for all rows of a statement. */
const NOT_VOLATILE = new Set(
  (
    'now statement_timestamp transaction_timestamp current_setting date_trunc date_part extract timezone age to_char to_timestamp ' +
    'to_date make_date make_time make_timestamp make_timestamptz make_interval lower upper initcap btrim ltrim rtrim trim md5 sha256 ' +
    'concat concat_ws length char_length left right lpad rpad replace substr substring round floor ceil ceiling trunc abs encode decode ' +
    'to_json to_jsonb json_build_object json_build_array jsonb_build_object jsonb_build_array array_fill cardinality ' +
    'point box current_database current_schema'
  ).split(' '),
);

/** Whether a function of PostgreSQL is volatile; undefined if it is not one of these. */
export function isVolatile(name: string): boolean | undefined {
  if (VOLATILE.has(name)) return true;
  return NOT_VOLATILE.has(name) ? false : undefined;
}
