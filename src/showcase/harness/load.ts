import type { Tally } from './tally.ts';

/** A continuous load of requests on the API. Disposing of it stops it. */
export interface Load extends AsyncDisposable {
  /** Starts a new tally. Resolves with the previous one when its last request has ended. */
  nextTally(): Promise<Tally>;
  /** Stops the load. Resolves with the last tally when the last request has ended. */
  stop(): Promise<Tally>;
}
