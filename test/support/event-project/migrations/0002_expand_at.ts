import { ColumnMigration } from '../../../../src/online-migration/mikro-orm/column-migration.ts';
import { phases } from '../../../../src/online-migration/phases/phases.ts';
import { eventChange } from '../../event-change.ts';

export class ExpandAt extends ColumnMigration {
  override readonly change = eventChange;
  override readonly phase = phases.expand;
}
