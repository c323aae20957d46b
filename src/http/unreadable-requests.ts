import { randomUUID } from 'node:crypto';
import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from './log.ts';
import { Problem, PROBLEM_TYPE } from './problem.ts';
import { REQUEST_ID_HEADER } from './request-id.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** How long a client that is still sending may go on, so that it reads its answer before the connection ends, in ms. */
const LINGER_MS = 5_000;

/** What is wrong with a request that has reached no route, by Node's code. */
const PROBLEMS: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: new Problem(431, 'The target and the headers of the request are too long.'),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: new Problem(413, 'The extensions of the chunks of the body are too long.'),
  ERR_HTTP_REQUEST_TIMEOUT: new Problem(408, 'The request did not arrive in time.'),
};
const NOT_HTTP = new Problem(400, 'The request is not valid HTTP/1.1.');

/** What is going on on the connections of a server. */
export interface Exchanges {
  /** The responses that are not wholly sent, in the order of their requests. */
  readonly inFlight: ReadonlySet<ServerResponse>;
  /** The response to the last request of each connection, sent or not. */
  readonly latest: WeakMap<Socket, ServerResponse>;
}

/**
 * Answers what cannot be read as a request, and ends its connection: nobody knows where the next request would begin.
 *
 * 1. A whole request that came before on the same connection is answered first, and alone. Its client would take any
 *    other answer for that one's.
 * 2. A request that has its answer already, and whose body goes wrong afterwards, gets no second one.
 * 3. Everything else gets a problem, as from a route.
 *
 * @param server parses the requests
 * @param log receives a line for each at `info`
 */
export function answerUnreadable(server: Server, { inFlight, latest }: Exchanges, log: Log): void {
  // The parser fails again with every byte that comes after.
  const ending = new WeakSet<Socket>();
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (ending.has(socket)) return;
    ending.add(socket);
    const owed = [...inFlight].findLast(({ req }) => req.socket === socket && req.complete);
    const last = latest.get(socket);
    if (owed !== undefined) {
      owed.shouldKeepAlive = false;
      owed.once('close', () => socket.destroySoon());
    } else if (!socket.writable || (last?.headersSent && !last.req.complete)) {
      socket.destroy();
    } else {
      const problem = PROBLEMS[error.code ?? ''] ?? NOT_HTTP;
      const requestId = randomUUID();
      socket.end(answerOf(problem, requestId));
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
      const { status } = problem;
      log.info({ requestId, status }, `A request that cannot be read answered ${status}: ${error.code}`);
    }
  });
}

function answerOf(problem: Problem, requestId: string): string {
  const body = JSON.stringify(problem.describe(requestId));
  const headers = {
    ...SECURITY_HEADERS,
    [REQUEST_ID_HEADER]: requestId,
    'Content-Type': PROBLEM_TYPE,
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`, ...lines, '', body].join('\r\n');
}
