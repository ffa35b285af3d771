// `npm run connector`: starts a connector for the tunnel whose token TUNNEL_TOKEN_FILE or TUNNEL_TOKEN gives, says when it is ready,
// and runs until Ctrl-C. A token is never an argument: everybody on the machine can read those.
//
//   TUNNEL_TOKEN_FILE   file with the token, readable by its owner only; a new token in it is used without a restart
//   TUNNEL_TOKEN        the token itself
//   CLOUDFLARED_BIN     which cloudflared to run; else the first on PATH
//   TUNNEL_EDGE, TUNNEL_CACERT   the Cloudflare on localhost instead of Cloudflare's own edge
//   TUNNEL_METRICS      127.0.0.1:PORT of /ready and /metrics
//   TUNNEL_GRACE_PERIOD seconds that requests in flight have at the end, as in 30s
//
// Exit codes: 0 stopped by a signal; 1 it could not start, or ended by itself; 2 it was called wrongly.
import { type ConnectorProblem, type LocalEdge, serveTunnel, stopSignal } from "../cloudflared/index.ts";

const WRONG_CALL = new Set(["NO_TOKEN", "TOKEN_FILE", "BAD_TOKEN"]);

function fail(problem: unknown): void {
  const { name, code, message } = problem as Partial<ConnectorProblem>;
  if (name !== "ConnectorProblem" || code === undefined) throw problem;
  console.error(`connector: ${message}`);
  process.exitCode = WRONG_CALL.has(code) ? 2 : 1;
}

class Usage extends Error {}

function localEdge(env: NodeJS.ProcessEnv): LocalEdge | undefined {
  const edge = env.TUNNEL_EDGE?.split(",")[0];
  const caFile = env.TUNNEL_CACERT;
  if (!edge && !caFile) return undefined;
  if (!edge || !caFile)
    throw new Usage("TUNNEL_EDGE and TUNNEL_CACERT go together: where the local edge is, and whom to trust for it.");
  return { edge, caFile };
}

function numberIn(text: string | undefined, pattern: RegExp, form: string): number | undefined {
  if (!text) return undefined;
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Usage(`${form}, not "${text}".`);
  return Number(found);
}

async function run(): Promise<void> {
  const { env } = process;
  if (process.argv.length > 2) {
    throw new Usage(
      "The connector takes no arguments. Name the token's file with TUNNEL_TOKEN_FILE; an argument could be read by everybody on this machine.",
    );
  }
  const local = localEdge(env);
  const metricsPort = numberIn(env.TUNNEL_METRICS, /^127\.0\.0\.1:(\d{1,5})$/, "TUNNEL_METRICS is 127.0.0.1:PORT");
  const grace = numberIn(
    env.TUNNEL_GRACE_PERIOD,
    /^(\d{1,4})s$/,
    "TUNNEL_GRACE_PERIOD is a number of seconds, as in 30s",
  );
  const problem = await serveTunnel({
    env,
    signal: stopSignal(),
    announce: (line) => console.log(line),
    log: (line) => console.error(line),
    ...(local && { local }),
    ...(metricsPort !== undefined && { metricsPort }),
    ...(grace !== undefined && { gracePeriod: grace * 1000 }),
  });
  if (problem) fail(problem);
}

// A terminal or npm that is gone must not keep the connector from stopping in order.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
await run().catch((error: unknown) => {
  if (!(error instanceof Usage)) return fail(error);
  console.error(`connector: ${error.message}`);
  process.exitCode = 2;
});
