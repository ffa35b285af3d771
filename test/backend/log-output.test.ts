import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { BufferedOutput } from "../../backend/log-output.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-log-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program whose standard output is a `BufferedOutput`. */
function program(text: string): string {
  const module = (name: string) => JSON.stringify(new URL(`../../backend/${name}`, import.meta.url).href);
  return `const { createLog } = await import(${module("log.ts")});
    const { BufferedOutput } = await import(${module("log-output.ts")});
    const output = new BufferedOutput();
    ${text}`;
}

/** What such a program has written when it ends. */
function outputOf(text: string): string {
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program(text)], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

test("a process that exits has written every line, in order", () => {
  const text = outputOf(`for (let n = 0; n < 3000; n++) output.write("line " + n + "\\n");
    process.exit(0);`);
  expect(text.split("\n")).toEqual([...Array.from({ length: 3000 }, (_, n) => `line ${n}`), ""]);
});

test("a line of the level fatal is written at once, with those before it", () => {
  const text = outputOf(`const log = createLog({ logLevel: "info" }, output);
    log.info("first");
    log.fatal("last");
    process.kill(process.pid, "SIGKILL");
    setInterval(() => {}, 1000);`);
  expect(text.match(/"msg":"\w+"/g)).toEqual(['"msg":"first"', '"msg":"last"']);
});

test("lines of any size and alphabet are written whole and in order, also those that a block cannot hold", () => {
  const sizes = [1, 700, 30_000, 21_845, 21_846, 5, 70_000, 300_000, 2];
  const text = outputOf(`for (const size of ${JSON.stringify(sizes)})
      for (const character of ["a", "é", "€", "🦊"]) output.write(character.repeat(size) + "\\n");`);
  const lines = sizes.flatMap((size) => ["a", "é", "€", "🦊"].map((character) => character.repeat(size)));
  expect(text.split("\n").map((line) => [line.length, line.slice(0, 2)])).toEqual(
    [...lines, ""].map((line) => [line.length, line.slice(0, 2)]),
  );
});

test("lines wait for others, and not longer than a moment", async () => {
  const file = join(folder, "log");
  const output = new BufferedOutput(file);
  const written = () => readFileSync(file, { encoding: "utf8", flag: "a+" });
  output.write("one\n");
  expect(written()).toBe("");
  while (written() === "") await new Promise((resolve) => setTimeout(resolve, 10));
  expect(written()).toBe("one\n");
});

test("a reader that goes away costs lines, not the process", async () => {
  const child = spawn(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      program(`
    setInterval(() => output.write("line\\n"), 5);
    setTimeout(() => process.exit(7), 700);`),
    ],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  await once(child.stdout, "data");
  child.stdout.destroy();
  expect(await once(child, "exit")).toEqual([7, null]);
});

test("a reader that is stuck costs lines beyond a few megabytes, not memory; how many is said when it reads again", async () => {
  const lines = 300_000;
  const text = `${"x".repeat(99)}\n`;
  const child = spawn(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      program(`let left = ${lines};
    function some() {
      for (let n = 0; n < 1000; n++, left--) output.write(${JSON.stringify(text)});
      if (left > 0) return void setImmediate(some);
      process.stderr.write("written");
      process.stdin.once("data", () => {
        output.write("last\\n");
        process.stdin.destroy();
      });
    }
    some();`),
    ],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  child.stdout.pause();
  await once(child.stderr, "data");
  child.stdin.write("go on");
  let written = "";
  for await (const chunk of child.stdout) written += chunk;
  const all = written.split("\n").slice(0, -1);
  const told = all.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as { lines: number });
  const whole = all.filter((line) => `${line}\n` === text);
  expect(whole.length * text.length).toBeLessThan(9 * 1024 * 1024);
  expect(whole.length + told.reduce((sum, { lines }) => sum + lines, 0)).toBe(lines);
  expect([all.length - whole.length - told.length, all.at(-1)]).toEqual([1, "last"]);
});
