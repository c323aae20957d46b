import { randomUUID } from 'node:crypto';
import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from './log.ts';
import { Problem, PROBLEM_TYPE } from './problem.ts';
import { REQUEST_ID_HEADER } from './request-record.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** How long a client may keep sending, so that it reads its answer before the connection closes. In milliseconds. */
const LINGER_MS = 5_000;

/** Problems of requests that reach no route, by Node's error code. */
const PROBLEMS: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: new Problem(431, 'The target and headers of the request are too long.'),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: new Problem(413, 'The chunk extensions of the body are too long.'),
  ERR_HTTP_REQUEST_TIMEOUT: new Problem(408, 'The request did not arrive in time.'),
};
const NOT_HTTP = new Problem(400, 'The request is not valid HTTP/1.1.');

/** The requests and responses on a server's connections. */
export interface Exchanges {
  /** The responses that are not completely sent, in the order of their requests. */
  readonly inFlight: ReadonlySet<ServerResponse>;
  /** The response to the last request of each connection, sent or not. */
  readonly latest: WeakMap<Socket, ServerResponse>;
}

/**
 * Answers unreadable requests and closes their connections, because the start of the next request is unknown.
 *
 * 1. If an earlier request on the connection is unanswered, answer only that one. Its client would mistake another
 *    answer for its own.
 * 2. If the request is already answered and its body fails afterwards, send nothing.
 * 3. Otherwise answer with a problem, as a route does.
 *
 * @param server parses the requests
 * @param log receives a line for each request at `info`
 */
export function answerUnreadable(server: Server, { inFlight, latest }: Exchanges, log: Log): void {
  // The parser fails again for every later byte.
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
      log.info({ requestId, status }, `An unreadable request answered ${status}: ${error.code}`);
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
