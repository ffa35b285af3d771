import { globSync, readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";

/**
 * Casts that TypeScript does not check, by file, and why each is no private member of a library. A private member is
 * reached by such a cast, because its type leaves it out.
 */
const CASTS: Readonly<Record<string, number>> = {
  // options of Moleculer that its types leave out
  "backend/broker.ts": 1,
  // hooks of a middleware that the types leave out
  "backend/nodes/packet-authentication.ts": 1,
  // `agent`, which engine.io-client has in Node.js only
  "backend/client/node/index.ts": 1,
  // a type of our own
  "backend/surface/grammar.ts": 1,
};

/** What the files of `internals/` touch. */
const MEMBERS = [
  ...["writeBuffer", "destroySoon", "regenerateAllAutoAliases", "rawHeaders"],
  ...["transport\\b.*\\bsocket", "libuv-worker", "socket\\.server\\b"],
].map((member) => new RegExp(member));
/** A member whose name says that it is private: read, taken out of an object, or declared. */
const UNDERSCORED = /[\w)\]]\??\._[a-z]\w*|\{\s*_[a-z]\w*|\b(?:readonly|declare) _[a-z]/;

const files = globSync("backend/**/*.ts").filter((file) => !/\/internals\//.test(file));

/** The lines of a file that are code. */
const codeOf = (file: string): string[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => !/^\s*(?:\*|\/\/|\/\*)/.test(line));

test("H6: private members of libraries are touched in folders named internals alone", () => {
  const touched = files.flatMap((file) =>
    codeOf(file)
      .filter((line) => UNDERSCORED.test(line) || MEMBERS.some((member) => member.test(line)))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(touched).toEqual([]);
});

test("H6: a cast that TypeScript does not check is in internals, or is listed here", () => {
  const casts: Record<string, number> = {};
  for (const file of files) {
    const count = codeOf(file).filter((line) => line.includes("as unknown as")).length;
    if (count > 0) casts[file] = count;
  }
  expect(casts).toEqual(CASTS);
});

test("H6: each file of internals has a test of its own", () => {
  const internals = globSync("backend/**/internals/*.ts").filter((file) => !file.endsWith(".d.ts"));
  const tests = globSync("test/backend/**/internals/*.test.ts");
  const untested = internals.filter((file) => !tests.includes(`test/${file.replace(/\.ts$/, ".test.ts")}`));
  expect(internals.length).toBeGreaterThan(5);
  expect(untested).toEqual([]);
});
