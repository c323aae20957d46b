import type { Tally } from './tally.ts';

/** Requests to the API that go on until they are stopped; disposing of it stops them. */
export interface Load extends AsyncDisposable {
  /** Begins a new tally; resolves with the one so far when its last request has ended. */
  nextTally(): Promise<Tally>;
  /** Ends the load; resolves with the last tally when the last request has ended. */
  stop(): Promise<Tally>;
}
