import { getContainerRuntimeClient } from 'testcontainers';

// A process of its own: exits with 0 if a container engine answers. An engine that accepts the connection and
// never answers would hold its asker forever, so the asker has to be one that can end.

const ANSWER_LIMIT_MS = 2_000;

setTimeout(() => process.exit(1), ANSWER_LIMIT_MS);
await getContainerRuntimeClient().catch(() => process.exit(1));
process.exit(0);
