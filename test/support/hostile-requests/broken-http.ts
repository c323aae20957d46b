import type { Chance } from '../../large-record/support/hostile-requests/chance.ts';
import type { HostileRequest } from '../../large-record/support/hostile-requests/hostile-request.ts';

/** A request that changes nothing, with some of its bytes changed, left out or doubled; or no request at all. */
export function brokenHttp(chance: Chance): HostileRequest {
  const bytes = chance.fraction() < 0.3 ? noHttp(chance) : mutated(chance);
  return {
    kind: 'broken HTTP',
    // Nothing more will come: the server need not wait for the end of it.
    write: (socket) => void socket.end(bytes),
    isHead: false,
    expected: null,
  };
}

function noHttp(chance: Chance): Buffer {
  return chance.of([
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    Buffer.from('GET /list_large/\r\n\r\n'),
    Buffer.from('GET /list_large/ HTTP/9.9\r\nHost: api\r\n\r\n'),
    Buffer.from('GET http://[/ HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n'),
    Buffer.from('GET http://[::1/x HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n'),
    Buffer.from('GET * HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n'),
    Buffer.from('OPTIONS * HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n'),
    Buffer.from('CONNECT api:443 HTTP/1.1\r\nHost: api\r\n\r\n'),
    Buffer.from('TRACE / HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n'),
    Buffer.from('GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n'),
    Buffer.from('GET /healthz HTTP/1.1\r\nHost: [\r\nHost: b\r\nConnection: close\r\n\r\n'),
    Buffer.from('GET /healthz HTTP/1.1\r\nHost : api\r\n\r\n'),
    Buffer.from('GET /healthz HTTP/1.1\r\nHost: api\r\n folded: yes\r\n\r\n'),
    Buffer.from('GET /healthz HTTP/1.1\nHost: api\n\n'),
    Buffer.from('GET /healthz HTTP/1.1\r\nHost: api\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
    Buffer.from('GET /healthz HTTP/1.1\r\nHost: api\r\nExpect: miracles\r\nConnection: close\r\n\r\n'),
    Buffer.from('\r\n\r\n\r\n'),
    Buffer.from('\0'.repeat(1000)),
    Buffer.from(Array.from({ length: 1 + chance.below(2000) }, () => chance.below(256))),
  ]);
}

function mutated(chance: Chance): Buffer {
  const sound = Buffer.from(
    `GET /list_large/?limit=${1 + chance.below(50)} HTTP/1.1\r\nHost: api\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
  );
  let bytes = sound;
  for (let changes = 1 + chance.below(5); changes > 0; changes--) {
    const at = chance.below(bytes.length);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    switch (chance.below(4)) {
      case 0:
        bytes = Buffer.concat([before, Buffer.from([chance.below(256)]), after.subarray(1)]);
        break;
      case 1:
        bytes = Buffer.concat([before, after.subarray(1 + chance.below(8))]);
        break;
      case 2:
        bytes = Buffer.concat([before, Buffer.from([chance.below(256)]), after]);
        break;
      default:
        bytes = Buffer.concat([before, after.subarray(0, chance.below(20)), after]);
    }
  }
  return bytes;
}
