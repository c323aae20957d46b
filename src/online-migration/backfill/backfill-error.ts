import { OnlineMigrationError } from '../online-migration-error.ts';

/** A backfill cannot begin, or cannot go on; what it has filled stays filled. */
export class BackfillError extends OnlineMigrationError {
  override readonly name = 'BackfillError';
}
