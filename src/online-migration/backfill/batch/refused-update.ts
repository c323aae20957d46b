import { escapeLiteral } from 'pg';
import type { ErrorDetails } from '../../change/online-migration-error.ts';
import { describeRow } from '../../change/row-key.ts';
import type { Session } from '../../postgres/session.ts';
import { BackfillError } from '../plan/backfill-error.ts';
import { type ChangeFill, type Fill, targetsOf } from '../plan/fill.ts';
import { isOpen } from '../plan/unfilled.ts';
import { describeTrigger, readTriggerPlan } from './firing-triggers.ts';
import type { FiringTrigger } from './trigger-catalog.ts';

const WHAT_TO_DO =
  'Let the table take the update, then run the same command again; it continues where it stopped.';

/**
 * Converts the value of a column of one row, if it is to be filled, as an update would, but writes nothing, so no trigger and no constraint of the table
 * has an effect. The value is assigned to a variable, which checks the column's length and domain as the column does.
 * @param tid the row's `ctid` as a text
 * @throws the database's error, if the value is the reason why the row cannot be filled
 */
export async function convertOnly(session: Session, column: Fill, leaf: string, tid: string): Promise<void> {
  await session.query(
    `do ${escapeLiteral(`
      declare
        converted ${leaf}.${column.target}%type;
      begin
        select ${column.value} into converted from ${leaf} as t
        where t.ctid = ${escapeLiteral(tid)}::tid and ${isOpen(column, 't')};
      end`)}`,
  );
}

/**
 * The error of a row whose values convert but whose update fails.
 * @param fill the columns of the update
 * @param key of the row, as its `RowKey` writes it
 * @param cause the database's error
 */
export async function updateFails(
  session: Session,
  fill: ChangeFill,
  key: string,
  cause: Error,
): Promise<BackfillError> {
  const { firing } = await readTriggerPlan(session, fill);
  const triggers =
    firing.length === 0
      ? 'No trigger of the table fires for it, so look at its constraints and publications.'
      : `Triggers that fire for it: ${listed(firing)}.`;
  return new BackfillError(
    'ROW_UPDATE_FAILED',
    `Cannot fill ${targetsOf(fill)} of ${fill.names.table} in the row with ${describeRow(fill.change, key)}: ${valuesConvert(fill.columns)}, but ` +
      `the update fails with "${cause.message}". ${triggers} ${WHAT_TO_DO}`,
    rowDetails(fill, fill.columns, key, firing),
    { cause },
  );
}

/**
 * The error of a row that an update leaves unchanged, or sets to another value, without an error of PostgreSQL.
 * @param columns the columns that are still null
 * @param key of the row, as its `RowKey` writes it
 */
export async function updateHasNoEffect(
  session: Session,
  fill: ChangeFill,
  columns: readonly Fill[],
  key: string,
): Promise<BackfillError> {
  const { firing } = await readTriggerPlan(session, fill);
  const before = firing.filter(({ isBefore, isPerRow }) => isBefore && isPerRow);
  const reason =
    before.length === 0
      ? 'No trigger fires before it, so look at the rules and the policies of the table.'
      : `A trigger that fires before it drops the update or sets the column to null: ${listed(before)}.`;
  return new BackfillError(
    'ROW_UPDATE_WITHOUT_EFFECT',
    `Cannot fill ${columns.map(({ target }) => target).join(', ')} of ${fill.names.table} in the row with ` +
      `${describeRow(fill.change, key)}: nobody holds the row, ${valuesConvert(columns)}, and an update leaves it as it is. ${reason} ${WHAT_TO_DO}`,
    rowDetails(fill, columns, key, before),
  );
}

function valuesConvert(columns: readonly Fill[]): string {
  return columns.length === 1 ? 'its value converts' : 'its values convert';
}

function rowDetails(
  { names }: ChangeFill,
  columns: readonly Fill[],
  key: string,
  triggers: readonly FiringTrigger[],
): ErrorDetails {
  return {
    change: names.change,
    table: names.table,
    column: columns.map(({ target }) => target).join(', '),
    key,
    triggers: triggers.map(({ rawName }) => rawName),
  };
}

function listed(triggers: readonly FiringTrigger[]): string {
  return triggers.map(describeTrigger).join('; ');
}
