import { OnlineMigration } from '../../../../src/online-migration/mikro-orm/column-migration.ts';
import { backfill, revertBackfill } from '../../../../src/online-migration/phases/backfill.ts';
import { eventChange } from '../../event-change.ts';

export class BackfillAt extends OnlineMigration {
  override up(): Promise<void> {
    return this.carryOut(backfill, eventChange);
  }

  override down(): Promise<void> {
    return this.carryOut(revertBackfill, eventChange);
  }
}
