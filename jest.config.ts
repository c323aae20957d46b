import type { Config } from 'jest';

/** The decorators of ECMAScript. */
const decoratorVersion = '2022-03';
const jsc = {
  target: 'esnext',
  parser: { syntax: 'typescript', decorators: true },
  transform: { decoratorVersion },
};

// The test script passes `--liftoff-only`: Node takes more than a second to exit after it has run optimized WebAssembly, such as
// libpg-query, and Jest would report a leak.
const config: Config = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc }] },
  // The built package has the name of its sources.
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // `npm run test:matrix` also runs the suites of breadth, `npm run test:long` the slow ones.
  testPathIgnorePatterns: ['/node_modules/', String.raw`\.(matrix|long)\.test\.ts$`],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  // Two databases at work at once are as much as two cores serve without stretching every timing.
  maxWorkers: 2,
  // Node keeps the modules of every test file that a worker has run, and a worker with a gigabyte of them takes longer to
  // exit than Jest waits: it would report a leak.
  workerIdleMemoryLimit: '600MB',
  testTimeout: 60_000,
};

export default config;
