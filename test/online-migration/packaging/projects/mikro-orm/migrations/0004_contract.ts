import { phases } from 'online-migration';
import { ColumnMigration } from 'online-migration/mikro-orm';
import { totalChange } from '../change.js';

export class ContractOrdersTotal extends ColumnMigration {
  override readonly change = totalChange;
  override readonly phase = phases.contract;
}
