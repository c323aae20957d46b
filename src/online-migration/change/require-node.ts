import { refusalOfNode } from './node-version.ts';

// Each entry of the package imports this file first, so that an old Node.js gives a sentence before any other file runs.
const refusal = refusalOfNode(process.versions.node);
if (refusal !== undefined) throw refusal;
