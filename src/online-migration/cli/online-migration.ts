#!/usr/bin/env node
import { refusalOfNode } from '../change/node-version.ts';

const refusal = refusalOfNode(process.versions.node);
if (refusal === undefined) {
  // Not a static import: an old Node.js cannot load the libraries of the commands.
  const { runProgram } = await import('./program.ts');
  await runProgram(process.argv);
} else {
  console.error(`${refusal.message}\nError code: ${refusal.code}`);
  process.exitCode = 1;
}
