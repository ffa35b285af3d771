import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { createLog } from "../../../backend/log.ts";
import { backendErrorLines } from "../../../scripts/local-site/backend-errors.ts";

/** The lines of the log for an error, as the backend writes them. */
function logged(level: "info" | "error" | "fatal", facts: object, message: string): string {
  let written = "";
  const log = createLog(
    { logLevel: "info" },
    new Writable({
      write(chunk, _encoding, done) {
        written += String(chunk);
        done();
      },
    }),
  );
  log[level](facts, message);
  return written;
}

test("D3: the error of an action is shown with its message and the lines of the project's files", () => {
  const err = new TypeError("title is undefined");
  const [, ownFrame] = backendErrorLines(logged("error", { err, ray: "0123456789abcdef-LCL" }, "request failed")).slice(
    1,
  );
  const lines = backendErrorLines(logged("error", { err, ray: "0123456789abcdef-LCL" }, "request failed"));
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d {2}BACKEND {2}request failed {2}ray 0123456789abcdef-LCL$/);
  expect(lines[1]).toBe("          TypeError: title is undefined");
  expect(ownFrame).toContain("test/scripts/local-site/backend-errors.test.ts:");
  expect(lines.join("\n")).not.toMatch(/node_modules|node:internal/);
});

test("D3: paths begin at the project's folder, and what an attacker put into a message cannot drive the terminal", () => {
  const file = new URL("../../../backend/chat/rooms.ts", import.meta.url);
  const frames = ["at rooms (node:internal/x:1:1)", `at Rooms.add (${file}:12:5)`, `at ${fileURLToPath(file)}:13:1`];
  const err = Object.assign(new Error("a\x1b[2J"), {
    stack: ["Error: a\x1b[2J", ...frames.map((f) => `    ${f}`)].join("\n"),
  });
  const lines = backendErrorLines(logged("fatal", { err }, "uncaughtException"));
  expect(lines).toHaveLength(4);
  expect(lines[1]).toBe("          Error: a\\x1b[2J");
  expect(lines[2]).toBe("              at Rooms.add (backend/chat/rooms.ts:12:5)");
});

test("D3: a long stack is cut, and other lines of the log are not shown", () => {
  const stack = ["Error: deep", ...Array.from({ length: 50 }, (_, at) => `    at f (file:///x/${at}.ts:1:1)`)].join(
    "\n",
  );
  const lines = backendErrorLines(logged("error", { err: Object.assign(new Error("deep"), { stack }) }, "call failed"));
  expect(lines).toHaveLength(14);
  expect(lines.at(-1)).toContain("backend.log");
  expect(backendErrorLines(logged("info", { err: new Error("told") }, "an error"))).toEqual([]);
});
