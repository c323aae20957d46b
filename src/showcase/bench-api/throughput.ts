import autocannon from 'autocannon';

const CONNECTIONS = 16;

/** A request. */
export interface Endpoint {
  /** Its name in a table of results. */
  readonly title: string;
  readonly request: Pick<autocannon.Options, 'method' | 'body' | 'headers'> & { readonly path: string };
}

/** The requests to both servers. */
export const ENDPOINTS: readonly Endpoint[] = [
  { title: '`GET /list_large/`', request: { method: 'GET', path: '/list_large/' } },
  {
    title: '`POST /large_records`',
    request: {
      method: 'POST',
      path: '/large_records',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'LargeRecord_new', created_at: '2024-01-01 10:00:00' }),
    },
  },
];

/**
 * Sends requests at full speed over several connections.
 *
 * @param url of the server
 * @param seconds duration
 * @param signal ends it early
 * @returns answers per second
 * @throws Error if an answer is not a success, or there is no answer
 */
export async function measureThroughput(
  url: string,
  endpoint: Endpoint,
  seconds: number,
  signal: AbortSignal,
): Promise<number> {
  signal.throwIfAborted();
  const { path, ...request } = endpoint.request;
  const load = autocannon({
    ...request,
    url: `${url}${path}`,
    connections: CONNECTIONS,
    duration: seconds,
  });
  const stop = () => stopLoad(load);
  signal.addEventListener('abort', stop);
  const { non2xx, errors, requests, duration } = await load;
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (non2xx + errors > 0) {
    throw new Error(`${endpoint.title} of ${url} was answered ${non2xx + errors} times with a failure.`);
  }
  if (requests.total === 0) {
    throw new Error(`${endpoint.title} of ${url} was not answered within ${seconds} s.`);
  }
  return requests.total / duration;
}

/** Ends a load of autocannon; its result has the answers so far. (The function is missing in its types.) */
export function stopLoad(load: unknown): void {
  (load as { stop(): void }).stop();
}
