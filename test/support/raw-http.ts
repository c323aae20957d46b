import { connect, type Socket } from 'node:net';

/** Whatever is not answered, and not closed, by then hangs: far beyond any limit that a test sets, in milliseconds. */
const HANG_MS = 60_000;

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** What came back on one connection until the server closed it. */
export interface RawExchange {
  readonly answers: readonly RawAnswer[];
  /** What is no whole answer, at the end. */
  readonly rest: string;
}

/**
 * Sends bytes on a connection of their own and reads until the server closes it.
 *
 * @param url where the server listens
 * @param write sends; the connection stays open when it has returned
 * @param isHead whether the answers have no bodies, as those to HEAD
 * @throws Error where the server does not close it
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
  // A server that has closed while the client still writes resets the connection: what came before counts.
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
    // "100 Continue" is a word in between.
    if (Number(head[1]) >= 200) answers.push({ status: Number(head[1]), headers, body });
  }
}
