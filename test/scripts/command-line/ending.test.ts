// A service that gets a signal, as a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "@jest/globals";

const COMMAND_LINE = pathToFileURL(join(import.meta.dirname, "../../../scripts/command-line/index.ts")).href;

/** Runs a command whose service is this code, sends a signal when it prints `ready`, and returns how it ended. */
function endWhenReady(service: string, signal?: NodeJS.Signals): Promise<{ code: number; output: string }> {
  const code = `
    import { command, runCommand, runUntilSignal } from ${JSON.stringify(COMMAND_LINE)};
    setInterval(() => {}, 1000); // something that would keep the process
    await runCommand(command({ name: "serve", summary: "", run: () => runUntilSignal(${service}) }));
  `;
  return runUntilReady(code, signal);
}

/** Runs code, sends a signal when it prints `ready`, and returns how it ended. */
async function runUntilReady(
  code: string,
  signal: NodeJS.Signals = "SIGTERM",
): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes("ready")) child.kill(signal);
    });
  }
  const [exitCode] = await once(child, "close");
  return { code: exitCode, output };
}

test("O13: a service that runs is stopped, and nothing that is left keeps the process", async () => {
  const service = `{
    start: async () => 7,
    started: (running) => console.log("ready", running),
    stop: async (running) => console.log("stopped", running),
    say: console.log,
  }`;
  const output = "ready 7\nSIGTERM: ending; send it again to stop at once\nstopped 7\nended\n";
  expect(await endWhenReady(service)).toEqual({ code: 0, output });
  const atTerminal = output.replace("SIGTERM: ending; send it", "SIGINT: ending; press Ctrl-C");
  expect(await endWhenReady(service, "SIGINT")).toEqual({ code: 0, output: atTerminal });
});

test("O13: a service that is asked to end while it starts is stopped when it has started", async () => {
  const service = `{
    start: () => new Promise((resolve) => { console.log("ready"); process.on("SIGTERM", () => setTimeout(resolve, 20)); }),
    started: () => console.log("started"),
    stop: async () => console.log("stopped"),
  }`;
  expect(await endWhenReady(service)).toEqual({ code: 0, output: "ready\nstopped\n" });
});

test("O13: a start that ends because of the signal leaves nothing to stop, and that is an orderly end", async () => {
  const service = `{
    start: (signal) => new Promise((_, reject) => {
      console.log("ready");
      signal.addEventListener("abort", () => reject(signal.reason));
    }),
    started: () => console.log("started"),
    stop: async () => console.log("stopped"),
    say: console.log,
  }`;
  const output = "ready\nSIGTERM: ending; send it again to stop at once\nended\n";
  expect(await endWhenReady(service)).toEqual({ code: 0, output });
});

test("O13: a start that fails after the signal is a failure", async () => {
  const service = `{
    start: (signal) => new Promise((_, reject) => {
      console.log("ready");
      signal.addEventListener("abort", () => reject(Object.assign(new Error("the disk is full"), { name: "DiskError" })));
    }),
    started() {},
    stop() {},
  }`;
  expect(await endWhenReady(service)).toEqual({ code: 1, output: "ready\nserve: the disk is full\n" });
});

test("O13: a start that does not end is given up, with a message and exit code 1", async () => {
  const service = `{
    start: () => new Promise(() => console.log("ready")),
    started() {},
    stop() {},
    startTimeoutMs: 20,
  }`;
  const output = "ready\nserve: it was still starting 0.02 s after SIGTERM, and ended at once.\n";
  expect(await endWhenReady(service)).toEqual({ code: 1, output });
});

test("a signal ends work that only reads at once, with a message, although the work goes on", async () => {
  const code = `
    import { command, runCommand, untilSignal } from ${JSON.stringify(COMMAND_LINE)};
    const work = new Promise((resolve) => setTimeout(resolve, 60_000));
    const look = () => {
      const looking = untilSignal(work);
      console.log("ready");
      return looking;
    };
    await runCommand(command({ name: "look", summary: "", run: look }));
  `;
  expect(await runUntilReady(code, "SIGINT")).toEqual({ code: 1, output: "ready\nlook: stopped by SIGINT.\n" });
});
