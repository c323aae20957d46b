import type { Chance } from './chance.ts';
import { type HostileRequest, NOTHING } from './hostile-request.ts';
import { request } from './message.ts';

const create = (body: string, name: string, headers = {}) =>
  request('odd, but valid', 'POST', '/large_records', [{ does: 'create', name }], {
    body,
    headers,
  });
const read = (method: string, target: string) => request('odd, but valid', method, target, NOTHING, {});

/** A request that looks wrong but is valid. */
export function oddButValid(chance: Chance): HostileRequest {
  switch (chance.below(9)) {
    case 0:
      return create('{"name":"first","name":"last"}', 'last');
    case 1:
      return create(String.raw`{"n\u0061me":"\u00e9\ud83d\ude00"}`, 'é😀');
    case 2:
      return create(`\ufeff  {"name":"marked"}\n`, 'marked', {
        'Content-Type': 'Application/JSON; charset="UTF-8"',
      });
    case 3:
      return create(`{"name":${JSON.stringify('\u202e\u0007\u001b[31m')}}`, '\u202e\u0007\u001b[31m');
    case 4:
      return create(`{"name":"${'😀'.repeat(100)}"}`, '😀'.repeat(100));
    case 5:
      return read('GET', `/list_large/?limit=${1 + chance.below(1000)}&after=9223372036854775807`);
    case 6:
      return read('HEAD', '/list_large/');
    case 7:
      return read(
        'GET',
        chance.of(['/status?x=%zz', '/healthz?__proto__=1', '/readyz', '/openapi.json', '/metrics']),
      );
    default: {
      const id = chance.ownId();
      return request('odd, but valid', 'DELETE', `/large_records/${id}`, [{ does: 'remove', id }], {
        body: '{"ignored":true}',
      });
    }
  }
}
