import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { pino } from "pino";
import { BufferedOutput, createLog, lineWriter } from "../../backend/log.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-log-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a line of a line writer is the one that pino writes, and goes where pino's go", () => {
  const lines: string[] = [];
  const log = createLog({ logLevel: "info" }, { write: (line) => void lines.push(line) });
  const write = lineWriter(log, 'a "request"');
  log.info({ id: "1", ms: 0.25 }, 'a "request"');
  write(',"id":"1","ms":0.25');
  const [pinos = "", ours = ""] = lines.map((line) => line.replace(/"time":"[^"]*"/, '"time":""'));
  expect(ours).toBe(pinos);
  expect(JSON.parse(lines[1] ?? "")).toMatchObject({ level: "info", time: expect.stringMatching(/^\d{4}-.*Z$/) });
  log.level = "warn";
  write(',"id":"2"');
  expect(lines).toHaveLength(2);
});

test("a log that is not ours has no line writer", () => {
  expect(() => lineWriter(pino({ enabled: false }), "request")).toThrow(/not made by createLog/);
});

/** Runs a program with a `BufferedOutput` on its standard output; returns what came out. */
function runWith(program: string): string {
  const module = new URL("../../backend/log.ts", import.meta.url).href;
  const whole = `const { bufferedOutput, createLog } = await import(${JSON.stringify(module)});
    const output = bufferedOutput();
    ${program}`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", whole], { encoding: "utf8" });
  expect(stderr.replace(/.*(?:ExperimentalWarning|trace-warnings).*\n/g, "")).toBe("");
  return stdout;
}

test("a process that exits has written every line, in order", () => {
  const text = runWith(`for (let n = 0; n < 3000; n++) output.write("line " + n + "\\n");
    process.exit(0);`);
  expect(text.split("\n")).toEqual([...Array.from({ length: 3000 }, (_, n) => `line ${n}`), ""]);
});

test("a line of the level fatal is written at once, with those before it", () => {
  const text = runWith(`const log = createLog({ logLevel: "info" }, output);
    log.info("first");
    log.fatal("last");
    process.kill(process.pid, "SIGKILL");
    setInterval(() => {}, 1000);`);
  expect(text.match(/"msg":"\w+"/g)).toEqual(['"msg":"first"', '"msg":"last"']);
});

test("lines wait for others, and not longer than a moment", async () => {
  const file = join(folder, "log");
  const output = new BufferedOutput(file);
  const written = () => readFileSync(file, { encoding: "utf8", flag: "a+" });
  output.write("one\n");
  expect(written()).toBe("");
  while (written() === "") await new Promise((resolve) => setTimeout(resolve, 10));
  expect(written()).toBe("one\n");
  const many = "x".repeat(1023).concat("\n").repeat(64);
  output.write(many);
  while (written().length < many.length) await new Promise((resolve) => setImmediate(resolve));
  expect(written()).toBe(`one\n${many}`);
});
