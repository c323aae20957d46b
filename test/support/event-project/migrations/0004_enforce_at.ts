import { OnlineMigration } from '../../../../src/online-migration/mikro-orm/column-migration.ts';
import { enforce, revertEnforce } from '../../../../src/online-migration/phases/enforce.ts';
import { eventChange } from '../../event-change.ts';

export class EnforceAt extends OnlineMigration {
  override up(): Promise<void> {
    return this.carryOut(enforce, eventChange);
  }

  override down(): Promise<void> {
    return this.carryOut(revertEnforce, eventChange);
  }
}
