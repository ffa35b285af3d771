import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { CloudflaredBinary } from "./find.ts";
import { DISABLE_PATH_NORMALIZATION, isPathNormalizationDisabled } from "./path-normalization.ts";
import { ConnectorProblem, problemIn, withOriginHint } from "./problem.ts";
import { waitForEnd } from "./process-end.ts";
import type { ConnectorStartOptions, RunningConnector } from "./running-connector.ts";

/**
 * Variables of the caller's environment that cloudflared gets: those about the network. No variable that could hold a
 * secret of the backend is among them.
 */
const INHERITED = [
  "ALL_PROXY",
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "NO_PROXY",
  "SSL_CERT_DIR",
  "SSL_CERT_FILE",
  "SYSTEMROOT",
  "TUNNEL_EDGE_BIND_ADDRESS",
  "TUNNEL_EDGE_IP_VERSION",
  "TUNNEL_POST_QUANTUM",
  "TUNNEL_REGION",
  "TUNNEL_TRANSPORT_PROTOCOL",
  "TZ",
] as const;

/** Lines of output that are kept for the message of a problem. */
const MAX_KEPT_LINES = 50;
const READY_POLL_MS = 100;
/** Milliseconds to wait for the line that shows that cloudflared already got a signal, and between two checks. */
const SIGNALLED_TIMEOUT_MS = 200;
const SIGNALLED_POLL_MS = 20;
/** What cloudflared logs when it gets its first signal (cmd/cloudflared/tunnel/signal.go). */
const SHUTDOWN_LINE = "Initiating graceful shutdown";

/** The environment that cloudflared is started with: its token, where the edge is, and no automatic update. */
function environmentOf(options: ConnectorStartOptions): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = options.env[name] ?? options.env[name.toLowerCase()];
    if (value !== undefined) env[name] = value;
  }
  env[DISABLE_PATH_NORMALIZATION] = String(isPathNormalizationDisabled(options.env));
  env.TUNNEL_TOKEN = options.token;
  env.NO_AUTOUPDATE = "true";
  env.TUNNEL_METRICS = `127.0.0.1:${options.metricsPort ?? 0}`;
  env.TUNNEL_GRACE_PERIOD = `${options.gracePeriodMs ?? 30_000}ms`;
  if (options.local) {
    // cloudflared opens as many connections as it is named addresses, up to four.
    env.TUNNEL_EDGE = Array(4).fill(options.local.edge).join(",");
    env.TUNNEL_CACERT = options.local.caFile;
    env.TUNNEL_TRANSPORT_PROTOCOL = "http2";
    env.TUNNEL_NO_PRECHECKS = "true";
  }
  return env;
}

/** Starts the real cloudflared and waits until it is ready. */
export async function startBinary(
  binary: CloudflaredBinary,
  options: ConnectorStartOptions,
): Promise<RunningConnector> {
  const child = spawn(binary.file, ["tunnel", "run"], {
    env: environmentOf(options),
    stdio: ["ignore", "ignore", "pipe"],
    windowsHide: true,
    // A group of its own: Ctrl-C in a terminal reaches every process of the group, and a second signal ends
    // cloudflared at once.
    detached: process.platform !== "win32",
  });
  const exited = Promise.race([once(child, "exit"), once(child, "error")]);
  const killChild = () => child.kill("SIGKILL");
  process.once("exit", killChild);

  const lines: string[] = [];
  let metrics: string | undefined;
  let isSignalled = false;
  const log = withOriginHint((line) => options.log?.(line));
  createInterface({ input: child.stderr as Readable }).on("line", (text) => {
    const line = text.replaceAll(options.token, "[token]");
    metrics ??= /Starting metrics server on ([^\s/]+)/.exec(line)?.[1];
    isSignalled ||= line.includes(SHUTDOWN_LINE);
    lines.push(line);
    if (lines.length > MAX_KEPT_LINES) lines.shift();
    log(line);
  });

  let stopping: Promise<void> | undefined;
  let hasEnded = false;
  const ended = exited.then(([result]) => {
    hasEnded = true;
    process.off("exit", killChild);
    if (stopping) return undefined;
    return problemIn(lines) ?? problemOfEnd(result, lines);
  });
  const stop = () => {
    stopping ??= (async () => {
      // A service manager sends its signal to every process of the unit, and a second signal ends cloudflared at once.
      for (let left = SIGNALLED_TIMEOUT_MS; left > 0 && !hasEnded && !isSignalled; left -= SIGNALLED_POLL_MS)
        await delay(SIGNALLED_POLL_MS);
      if (!isSignalled) child.kill("SIGTERM");
      const { gracePeriodMs, idleTimeoutMs } = options;
      const end = await waitForEnd({
        exited,
        kill: killChild,
        requestsInFlight: () => readRequestsInFlight(metrics),
        gracePeriodMs,
        idleTimeoutMs,
      });
      if (end !== "ended")
        log(`cloudflared ${KILL_REASONS[end]} and was killed. Its last line: ${lines.at(-1) ?? "none"}`);
    })();
    return stopping;
  };
  const readyConnections = () => readReadyConnections(metrics);

  const deadline = performance.now() + (options.readyTimeoutMs ?? 30_000);
  while ((await readyConnections()) === 0) {
    const problem = options.signal?.aborted ? problemOfStop() : hasEnded ? await ended : unrecoverableProblem(lines);
    if (problem || performance.now() > deadline) {
      await stop();
      throw problem ?? problemIn(lines) ?? problemOfTimeout(lines);
    }
    await delay(READY_POLL_MS);
  }
  return {
    kind: "cloudflared",
    version: binary.version,
    pid: child.pid ?? 0,
    metrics: metrics ?? "",
    readyConnections,
    ended,
    stop,
  };
}

function problemOfStop(): ConnectorProblem {
  return new ConnectorProblem("STOPPED", "The connector was stopped before it was ready.");
}

/** A problem that retrying cannot solve, although cloudflared would retry. */
function unrecoverableProblem(lines: readonly string[]): ConnectorProblem | undefined {
  const problem = problemIn(lines);
  return problem?.code === "UNAUTHORIZED" || problem?.code === "EDGE_UNTRUSTED" ? problem : undefined;
}

function problemOfEnd(result: unknown, lines: readonly string[]): ConnectorProblem {
  const lastLine = lines.at(-1) ?? "none";
  return new ConnectorProblem("ENDED", `cloudflared ended by itself (${result}). Its last line: ${lastLine}`);
}

function problemOfTimeout(lines: readonly string[]): ConnectorProblem {
  return new ConnectorProblem("NOT_READY", `cloudflared is not ready. Its last line: ${lines.at(-1) ?? "none"}`);
}

/** Why a cloudflared that was told to stop was killed. */
const KILL_REASONS = {
  idle: "had no request in flight and did not end",
  late: "did not end within its grace period",
} as const;

/** Number of requests and WebSockets in flight, as `/metrics` has it; undefined where it cannot be read. */
async function readRequestsInFlight(metrics: string | undefined): Promise<number | undefined> {
  if (metrics === undefined) return undefined;
  try {
    const response = await fetch(`http://${metrics}/metrics`, { signal: AbortSignal.timeout(2_000) });
    const found = /^cloudflared_tunnel_concurrent_requests_per_tunnel (\d+)$/m.exec(await response.text())?.[1];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}

/** Number of connections that `/ready` reports; 0 while it does not respond. */
async function readReadyConnections(metrics: string | undefined): Promise<number> {
  if (metrics === undefined) return 0;
  try {
    const response = await fetch(`http://${metrics}/ready`, { signal: AbortSignal.timeout(2_000) });
    const status: unknown = await response.json();
    if (typeof status !== "object" || status === null || !("readyConnections" in status)) return 0;
    return typeof status.readyConnections === "number" ? status.readyConnections : 0;
  } catch {
    return 0;
  }
}
