import autocannon from 'autocannon';

const CONNECTIONS = 16;

/** A request. */
export interface Endpoint {
  /** What a table of results calls it. */
  readonly title: string;
  readonly request: Pick<autocannon.Options, 'method' | 'body' | 'headers'> & { readonly path: string };
}

/** What both servers are asked. */
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
 * Asks as fast as answers come, over several connections.
 *
 * @param url where it listens
 * @param seconds for how long
 * @returns answers in a second
 * @throws Error if an answer is no success, or none came
 */
export async function measureThroughput(url: string, endpoint: Endpoint, seconds: number): Promise<number> {
  const { path, ...request } = endpoint.request;
  const result = await autocannon({
    ...request,
    url: `${url}${path}`,
    connections: CONNECTIONS,
    duration: seconds,
  });
  const { non2xx, errors, requests, duration } = result;
  if (non2xx + errors > 0) {
    throw new Error(`${endpoint.title} of ${url} was answered ${non2xx + errors} times with a failure.`);
  }
  if (requests.total === 0) {
    throw new Error(`${endpoint.title} of ${url} was not answered within ${seconds} s.`);
  }
  return requests.total / duration;
}
