import type { AlterTableCmd, ColumnDef, Constraint, Node, RangeVar, RenameStmt } from 'libpg-query';
import { asKind } from '../../sql/statements.ts';
import { notNullIn } from '../planning/not-null-checks.ts';
import { stringsOf } from '../planning/table-command.ts';
import { type KnownType, SERIAL, typeOf } from './known-types.ts';

/** A constraint that a migration adds. */
export interface KnownConstraint {
  /** The columns whose values a check or a foreign key reads; none for another constraint. */
  readonly columns: readonly string[];
  /** The column that a check excludes null from, if it does nothing else. */
  readonly notNull?: string | undefined;
  isValidated: boolean;
  readonly reference?: KnownReference | undefined;
}

/** The end of a foreign key. */
export interface KnownReference {
  /** The name in the statement. */
  readonly relation: RangeVar;
  /** The table of this name at that time. */
  table?: KnownTable;
  columns: readonly string[];
}

/** A column that a migration makes or alters. */
export interface KnownColumn {
  type: KnownType | null;
  notNull: boolean;
}

/** A table, as far as migrations make it or alter it. */
export interface KnownTable {
  schema: string;
  relname: string;
  kind: 'r' | 'p' | 'v' | 'm';
  /** Null if the table was there before, is made like another one, or was altered by statements that are not known. */
  columns: Map<string, KnownColumn> | null;
  primaryKey: { readonly constraint: string | null; readonly columns: readonly string[] };
  readonly constraints: Map<string, KnownConstraint>;
  /** The partitioned table that it belongs to. */
  partitionOf?: { readonly parent: KnownTable; readonly isDefault: boolean };
}

type Effect = (table: KnownTable, command: AlterTableCmd) => void;

const EFFECTS: Partial<Record<NonNullable<AlterTableCmd['subtype']>, Effect>> = {
  AT_AddColumn: (table, { def, missing_ok: ifMissing }) => {
    const column = asKind(def, 'ColumnDef');
    if (column && !(ifMissing && table.columns?.has(column.colname!))) addColumn(table, column);
  },
  AT_DropColumn: (table, { name = '' }) => {
    table.columns?.delete(name);
    for (const [key, { columns }] of table.constraints)
      if (columns.includes(name)) table.constraints.delete(key);
  },
  AT_AlterColumnType: (table, { def, name = '' }) => {
    const column = table.columns?.get(name);
    if (column !== undefined) column.type = typeOf(asKind(def, 'ColumnDef')?.typeName);
  },
  AT_SetNotNull: (table, { name = '' }) => {
    setNotNull(table, name, true);
  },
  AT_DropNotNull: (table, { name = '' }) => {
    setNotNull(table, name, false);
  },
  AT_AddConstraint: (table, { def }) => {
    const constraint = asKind(def, 'Constraint');
    if (constraint !== undefined) addConstraint(table, constraint);
  },
  AT_ValidateConstraint: (table, { name = '' }) => {
    const found = table.constraints.get(name);
    if (found !== undefined) found.isValidated = true;
  },
  AT_DropConstraint: (table, { name = '' }) => {
    table.constraints.delete(name);
    if (name === table.primaryKey.constraint) table.primaryKey = { constraint: null, columns: [] };
  },
};

/** Notes the effects of a command of `alter table`. */
export function alterTable(table: KnownTable, command: AlterTableCmd): void {
  EFFECTS[command.subtype!]?.(table, command);
}

/** Notes that a column has another name; nothing if the statement renames something else. */
export function renameColumn(
  table: KnownTable,
  { subname = '', newname = '' }: Pick<RenameStmt, 'subname' | 'newname'>,
): void {
  const column = table.columns?.get(subname);
  if (column === undefined) return;
  table.columns?.delete(subname);
  table.columns?.set(newname, column);
  const columns = table.primaryKey.columns.map((name) => (name === subname ? newname : name));
  table.primaryKey = { ...table.primaryKey, columns };
}

/** Notes a new column. */
export function addColumn(table: KnownTable, { colname, typeName, constraints = [] }: ColumnDef): void {
  const type = typeOf(typeName);
  const isSerial = SERIAL.test(type.name);
  table.columns?.set(colname!, { type, notNull: isSerial });
  for (const node of constraints) {
    const constraint = asKind(node, 'Constraint');
    if (constraint !== undefined) addConstraint(table, constraint, colname);
  }
}

/**
 * Notes a new constraint.
 * @param column the one that the constraint is written with
 */
export function addConstraint(table: KnownTable, constraint: Constraint, column?: string): void {
  const { contype, skip_validation: isNotValid, raw_expr: condition } = constraint;
  const own = column === undefined ? [] : [column];
  const keys = [...own, ...stringsOf(constraint.keys ?? constraint.fk_attrs)];
  const columns = contype === 'CONSTR_CHECK' ? [...new Set(columnsIn(condition))] : keys;
  if (NOT_NULL.has(contype)) for (const name of keys) setNotNull(table, name, true);
  const label = LABELS[contype ?? ''];
  if (label === undefined) return;
  // As PostgreSQL names it.
  const inName =
    contype === 'CONSTR_PRIMARY' || (contype === 'CONSTR_CHECK' && columns.length > 1) ? [] : columns;
  const name = constraint.conname ?? [table.relname, ...inName, label].join('_');
  if (contype === 'CONSTR_PRIMARY') table.primaryKey = { constraint: name, columns: keys };
  const isRead = contype === 'CONSTR_CHECK' || contype === 'CONSTR_FOREIGN';
  table.constraints.set(name, {
    columns: isRead ? columns : [],
    notNull: notNullIn(condition),
    isValidated: isNotValid !== true,
    reference: constraint.pktable && {
      relation: constraint.pktable,
      columns: stringsOf(constraint.pk_attrs),
    },
  });
}

const NOT_NULL = new Set<string | undefined>(['CONSTR_NOTNULL', 'CONSTR_PRIMARY', 'CONSTR_IDENTITY']);

const LABELS: Readonly<Record<string, string>> = {
  CONSTR_PRIMARY: 'pkey',
  CONSTR_UNIQUE: 'key',
  CONSTR_CHECK: 'check',
  CONSTR_FOREIGN: 'fkey',
  CONSTR_EXCLUSION: 'excl',
};

function setNotNull(table: KnownTable, column: string, isNotNull: boolean): void {
  const found = table.columns?.get(column);
  if (found !== undefined) found.notNull = isNotNull;
}

function columnsIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  const column = 'ColumnRef' in part ? asKind(part as Node, 'ColumnRef') : undefined;
  return column === undefined ? Object.values(part).flatMap(columnsIn) : stringsOf(column.fields).slice(-1);
}
