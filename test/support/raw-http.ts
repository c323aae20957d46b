import { connect, type Socket } from 'node:net';

/** If a connection is not closed by then, it hangs. Far longer than any limit of a test, in milliseconds. */
const HANG_MS = 60_000;

/** An answer as received. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** The data received on a connection until the server closed it. */
export interface RawExchange {
  readonly answers: readonly RawAnswer[];
  /** Data after the last complete answer. */
  readonly rest: string;
}

/**
 * Sends bytes on a new connection and reads until the server closes it.
 *
 * @param url of the server
 * @param write sends the bytes; the connection stays open afterwards
 * @param isHead whether the answers have no bodies, as for HEAD
 * @throws Error if the server does not close the connection
 */
export async function exchangeRaw(
  url: string,
  write: Buffer | string | ((socket: Socket) => void | Promise<void>),
  isHead = false,
): Promise<RawExchange> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A server that closes while the client still writes resets the connection. The data before that counts.
  const errors: Error[] = [];
  socket.on('error', (error) => errors.push(error));
  const timer = setTimeout(() => socket.destroy(new Error('hangs')), HANG_MS);
  const closed = new Promise((resolve) => {
    socket.once('close', resolve);
  });
  socket.once('connect', () => {
    if (typeof write === 'function') void write(socket);
    else socket.write(typeof write === 'string' ? Buffer.from(write, 'latin1') : write);
  });
  await closed;
  clearTimeout(timer);
  const text = Buffer.concat(chunks).toString('latin1');
  if (errors.some(({ message }) => message === 'hangs')) {
    throw new Error(`Not closed after ${HANG_MS} ms; it sent: ${text}`);
  }
  return parse(text, isHead);
}

function parse(text: string, isHead: boolean): RawExchange {
  const answers: RawAnswer[] = [];
  let rest = text;
  for (;;) {
    const head = /^HTTP\/1\.1 (\d{3})[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(rest);
    if (head === null) return { answers, rest };
    const headers = new Headers(
      head[0]
        .split('\r\n')
        .slice(1, -2)
        .map((line) => line.split(/:\s*(.*)/s).slice(0, 2) as [string, string]),
    );
    const length = isHead ? 0 : Number(headers.get('Content-Length') ?? 0);
    const end = head[0].length + length;
    if (rest.length < end) return { answers, rest };
    const body = Buffer.from(rest.slice(head[0].length, end), 'latin1').toString();
    rest = rest.slice(end);
    // "100 Continue" is an interim answer.
    if (Number(head[1]) >= 200) answers.push({ status: Number(head[1]), headers, body });
  }
}
