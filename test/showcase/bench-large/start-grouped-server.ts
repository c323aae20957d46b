import { startGroupedServer } from '../../../src/showcase/bench-large/grouped-server.ts';

// Starts a server in a memory group, prints both, and waits to be killed.
const { server, group } = await startGroupedServer(16 * 2 ** 20, new AbortController().signal);
console.log(JSON.stringify({ serverPid: server.pid, processFile: group!.processFile }));
setInterval(() => {}, 1000);
