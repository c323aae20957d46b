import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { defineEntity, p } from '@mikro-orm/core';
import { defineConfig } from '@mikro-orm/postgresql';
import { expect, it } from '@jest/globals';
import { followedOrm } from '../../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import { renameOf } from '../../../support/change-of.ts';

it('opens the sessions of all changes at once, so that a server that does not answer delays the start once', async () => {
  const entry = defineEntity({
    name: 'Entry',
    tableName: 'entry',
    properties: { id: p.integer().primary(), first: p.text(), second: p.text(), third: p.text() },
  });
  const changes = ['first', 'second', 'third'].map((name) => renameOf(`entry.old_${name}`, name));
  await using resources = new AsyncDisposableStack();
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
  }).listen(0, '127.0.0.1');
  resources.defer(() => server[Symbol.asyncDispose]());
  await once(server, 'listening');
  const url = `postgres://nobody@127.0.0.1:${(server.address() as AddressInfo).port}/nothing`;
  const opening = followedOrm(defineConfig({ clientUrl: url, entities: [entry], ensureDatabase: false }), {
    changes,
    connection: url,
    log: () => undefined,
  });
  const deadline = Date.now() + 5_000;
  while (sockets.length < changes.length && Date.now() < deadline) await delay(10);
  const connected = sockets.length;
  server.on('connection', (socket) => socket.destroy());
  for (const socket of sockets) socket.destroy();
  resources.use(await opening);
  expect(connected).toBe(changes.length);
});
