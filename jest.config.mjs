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
  modulePathIgnorePatterns: ["<rootDir>/.data/"],
  watchman: false,
  maxWorkers: 3, // two cores: some tests wait while others work
  testTimeout: 60_000, // a limit for what hangs, not for what is slow
};
