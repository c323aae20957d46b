import { OnlineMigrationError } from '../../change/online-migration-error.ts';

/** A backfill cannot start or continue. Filled rows stay filled. */
export class BackfillError extends OnlineMigrationError {
  override readonly name = 'BackfillError';
}
