// A command that runs another program, as a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "@jest/globals";

const COMMAND_LINE = pathToFileURL(join(import.meta.dirname, "../../../scripts/command-line/index.ts")).href;

/** A process that runs `program` with runProgram, and prints the outcome. */
function runInProcess(program: string) {
  const code = `
    import { runProgram } from ${JSON.stringify(COMMAND_LINE)};
    const code = await runProgram(process.execPath, ["-e", ${JSON.stringify(program)}]).catch(({ message }) => message);
    console.log("result", code);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes("ready")) resolve();
    });
  });
  const ended = once(child, "close").then(([exitCode]) => ({ exitCode: exitCode as number | null, output }));
  return { child, ready, ended };
}

test("the exit code of the program is returned", async () => {
  expect((await runInProcess("process.exitCode = 7").ended).output).toBe("result 7\n");
});

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
  "O13: %s is passed on to the program, which ends in its own way and is waited for",
  async (signal) => {
    const { child, ready, ended } = runInProcess(`
      process.on("${signal}", () => setImmediate(() => { console.log("got ${signal}"); process.exit(0); }));
      setInterval(() => {}, 1000);
      console.log("ready");
    `);
    await ready;
    child.kill(signal);
    // what was interrupted is not done
    expect((await ended).output).toBe(`ready\ngot ${signal}\nresult 1\n`);
  },
);

test("O13: what the program has started ends too, when the program does not see to it", async () => {
  const grandchild = 'console.log("ready"); setInterval(() => {}, 1000);';
  const { child, ready, ended } = runInProcess(`
    const { spawn } = require("node:child_process");
    spawn(process.execPath, ["-e", ${JSON.stringify(grandchild)}], { stdio: "inherit", detached: true });
    setInterval(() => {}, 1000);
  `);
  await ready;
  child.kill("SIGTERM");
  // "close" also waits for the grandchild, which has the output open
  expect((await ended).output).toBe("ready\nresult 1\n");
});

test("O13: a second signal ends a program that does not end", async () => {
  const { child, ready, ended } = runInProcess(`
    process.on("SIGTERM", () => console.log("ready again"));
    setInterval(() => {}, 1000);
    console.log("ready");
  `);
  await ready;
  child.kill("SIGTERM");
  const again = setInterval(() => child.kill("SIGTERM"), 100);
  expect(await ended).toEqual({ exitCode: 1, output: expect.stringContaining("ready again") });
  clearInterval(again);
});
