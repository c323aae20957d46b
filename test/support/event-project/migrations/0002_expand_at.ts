import { OnlineMigration } from '../../../../src/online-migration/mikro-orm/column-migration.ts';
import { expand, revertExpand } from '../../../../src/online-migration/phases/expand.ts';
import { eventChange } from '../../event-change.ts';

export class ExpandAt extends OnlineMigration {
  override up(): Promise<void> {
    return this.carryOut(expand, eventChange);
  }

  override down(): Promise<void> {
    return this.carryOut(revertExpand, eventChange);
  }
}
