// Jest runs the TypeScript as it stands: Node strips the types, nothing is transpiled. What needs tools lives in test/real
// (see scripts/test-real.ts); `npm test` needs nothing but npm.
/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  transform: {},
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/test/real/", "<rootDir>/test/bench/"],
  modulePathIgnorePatterns: ["<rootDir>/.data/"],
  watchman: false,
  maxWorkers: 3, // two cores: some tests wait while others work
  testTimeout: 60_000, // a limit for what hangs, not for what is slow
};
