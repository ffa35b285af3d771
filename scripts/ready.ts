import { get } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { CommandError, command, optionWithDefault, runCommand, UsageError, wholeNumber } from "./command-line/index.ts";
import { isRunning } from "./command-line/processes.ts";

/** Milliseconds that one request may take, and between two of them. The backend's own checks take two seconds. */
const REQUEST_TIMEOUT_MS = 5_000;
const POLL_MS = 250;
/** The backend's own response has some hundred characters. */
const MAX_BODY_LENGTH = 64 * 1024;

/** The addresses that a backend listens on for every interface, and this machine's own address of that kind. */
const OWN_ADDRESS: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

await runCommand(
  command({
    name: "ready",
    summary: "Asks the backend of this machine whether it is ready for requests.",
    details: "For a service manager or a container's health check, with the environment of the backend.",
    options: {
      wait: optionWithDefault("--wait <seconds>", "asks again for so long while it is not", wholeNumber(0, 86_400), 0),
    },
    environment: {
      INTERNAL_PORT: "the backend's port for health and metrics",
      HOST: "where the backend listens (127.0.0.1)",
      MAINPID: "the backend's process, from systemd: when it has ended, waiting ends",
    },
    failure: "it is not ready, or does not respond",
    examples: ["", "--wait 60"],
    run: ({ options }) => untilReady(options.wait * 1000),
  }),
);

async function untilReady(waitMs: number): Promise<void> {
  const { HOST: host = "127.0.0.1", INTERNAL_PORT: port = "", MAINPID: pid } = process.env;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535 || Number(port) === 0) {
    throw new UsageError("INTERNAL_PORT must be the backend's port for health and metrics: 1 to 65535.");
  }
  const address = OWN_ADDRESS[host] ?? host;
  const deadline = performance.now() + waitMs;
  for (;;) {
    const problem = await askBackend(address, Number(port));
    if (problem === undefined) return;
    const hasEnded = pid !== undefined && !isRunning(Number(pid));
    if (hasEnded || performance.now() >= deadline) throw new CommandError(`the backend is not ready: ${problem}`);
    await delay(POLL_MS);
  }
}

/** Why the backend is not ready; undefined where it is. */
function askBackend(host: string, port: number): Promise<string | undefined> {
  return new Promise((done) => {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const fail = (message: string) =>
      done(signal.aborted ? `no response within ${REQUEST_TIMEOUT_MS / 1000} s` : message);
    const request = get({ host, port, path: "/health/ready", signal }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
        if (body.length <= MAX_BODY_LENGTH) return;
        fail("its response is too long");
        request.destroy();
      });
      response.on("end", () => done(response.statusCode === 200 ? undefined : body));
    });
    request.on("error", ({ message }) => fail(message));
    // whatever came before: also a response that was cut off
    request.on("close", () => fail("the connection ended before the response did"));
  });
}
