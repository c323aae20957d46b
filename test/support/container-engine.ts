import { getContainerRuntimeClient } from 'testcontainers';

// Exits with 0 if a container engine answers. It is a separate process because an engine that accepts the connection
// and never answers would block its caller forever.

const ANSWER_LIMIT_MS = 2_000;

setTimeout(() => process.exit(1), ANSWER_LIMIT_MS);
await getContainerRuntimeClient().catch(() => process.exit(1));
process.exit(0);
