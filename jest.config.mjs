// Jest runs the TypeScript as it stands: Node strips the types, nothing is transpiled. `npm test` needs nothing but npm
// and takes under 90 s on two cores: what takes longer by its nature is in test/slow (scripts/test-slow.ts), what needs
// tools in test/real (scripts/test-real.ts).
/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  transform: {},
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/test/slow/", "<rootDir>/test/real/", "<rootDir>/test/bench/"],
  modulePathIgnorePatterns: ["<rootDir>/\\.data[^/]*/"],
  watchman: false,
  maxWorkers: 3, // two cores: some tests wait while others work
  // a worker frees about 1 GB when it exits: on a busy machine that takes longer than Jest's own 500 ms, after which it
  // takes the worker for one that leaks. One that does is still alive then, and reported.
  workerGracefulExitTimeout: 20_000,
  testTimeout: 60_000, // a limit for what hangs, not for what is slow
};
