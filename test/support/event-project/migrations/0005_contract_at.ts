import { OnlineMigration } from '../../../../src/online-migration/mikro-orm/column-migration.ts';
import { contract } from '../../../../src/online-migration/phases/contract.ts';
import { revertContract } from '../../../../src/online-migration/phases/revert-contract.ts';
import { eventChange } from '../../event-change.ts';

export class ContractAt extends OnlineMigration {
  override up(): Promise<void> {
    return this.carryOut(contract, eventChange);
  }

  override down(): Promise<void> {
    return this.carryOut(revertContract, eventChange);
  }
}
