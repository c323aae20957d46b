import { OnlineMigration } from '../../../../src/online-migration/mikro-orm/column-migration.ts';
import { rename, revertRename } from '../../../../src/online-migration/phases/rename.ts';
import { eventChange } from '../../event-change.ts';

export class RenameAt extends OnlineMigration {
  override up(): Promise<void> {
    return this.carryOut(rename, eventChange);
  }

  override down(): Promise<void> {
    return this.carryOut(revertRename, eventChange);
  }
}
