// `npm test [jest argument ...]`: the suite that needs nothing but npm.
import { runJest } from "./run-jest.ts";

process.exitCode = runJest(process.argv.slice(2));
