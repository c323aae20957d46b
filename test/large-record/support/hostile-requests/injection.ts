import type { Chance } from './chance.ts';
import { type HostileRequest, NOTHING, REFUSED } from './hostile-request.ts';
import { request } from './message.ts';
import { INJECTIONS } from './values.ts';

const KIND = 'an injection';
const TIMESTAMP = '2024-01-01 10:00:00';

const refused = (method: string, target: string, body?: string) =>
  request(KIND, method, target, REFUSED, { body });

/** SQL and similar texts, in every place of a request, whether it accepts a text or not. */
export function injection(chance: Chance): HostileRequest {
  const text = chance.of(INJECTIONS);
  const json = JSON.stringify(text);
  const encoded = encodeURIComponent(text);
  const id = chance.below(1000) + 1;
  switch (chance.below(9)) {
    case 0: {
      const effect = { does: 'create', name: text, createdAt: TIMESTAMP } as const;
      const body = `{"name":${json},"created_at":"${TIMESTAMP}"}`;
      return request(KIND, 'POST', '/large_records', [effect], { body });
    }
    case 1: {
      const effect = { does: 'update', id: chance.ownId(), name: text } as const;
      const target = `/large_records/${effect.id}`;
      return request(KIND, 'PATCH', target, [effect], { body: `{"name":${json}}` });
    }
    case 2:
      return refused('POST', '/large_records', `{"name":"x","created_at":${json}}`);
    case 3:
      return refused('PATCH', `/large_records/${id}`, `{"name":"x",${json}:"x"}`);
    case 4:
      return refused(chance.of(['GET', 'DELETE']), `/large_records/${encoded}`);
    case 5:
      return refused('PATCH', `/large_records/${id}${encoded}`, '{"name":"x"}');
    case 6:
      return refused('GET', `/list_large/?${chance.of(['limit', 'after'])}=1${encoded}`);
    case 7:
      return refused('GET', `/list_large/?${encoded}=1`);
    default: {
      const headers = { 'X-Request-Id': text, 'User-Agent': text, Cookie: text };
      return request(KIND, 'GET', '/list_large/', NOTHING, { headers });
    }
  }
}
