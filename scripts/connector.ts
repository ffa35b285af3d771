// `npm run connector`: starts a connector for the tunnel whose token TUNNEL_TOKEN_FILE or TUNNEL_TOKEN gives, says when it is ready,
// and runs until Ctrl-C. A token is never an argument: everybody on the machine can read those.
//
//   TUNNEL_TOKEN_FILE   file with the token, readable by its owner only; the connector leaves its pid in FILE.connectors/
//   TUNNEL_TOKEN        the token itself
//   CLOUDFLARED_BIN     which cloudflared to run; else the first on PATH
//   TUNNEL_EDGE, TUNNEL_CACERT   the Cloudflare on localhost instead of Cloudflare's own edge
//   TUNNEL_METRICS      127.0.0.1:PORT of /ready and /metrics
//   TUNNEL_GRACE_PERIOD seconds that requests in flight have at the end, as in 30s
//
// Exit codes: 0 stopped by a signal; 1 it could not start, or ended by itself; 2 it was called wrongly.
import {
  type ConnectorProblem,
  hasConfiguration,
  type LocalEdge,
  readToken,
  register,
  startCloudflared,
  stopOrphans,
} from "../cloudflared/index.ts";

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
  const token = await readToken(env);
  const signalled = new Promise<void>((resolve) => {
    let signals = 0;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        signals += 1;
        if (signals > 1) process.exit(1); // who asks twice does not want to wait
        resolve();
      });
    }
  });
  const starting = startCloudflared({
    token,
    env,
    log: (line) => console.error(line),
    ...(local && { local }),
    ...(metricsPort !== undefined && { metricsPort }),
    ...(grace !== undefined && { gracePeriod: grace * 1000 }),
  });
  const connector = await Promise.race([starting, signalled]);
  if (!connector) {
    // Stopped while it started: what is half started ends with this process.
    process.exit(0);
  }
  const what = connector.kind === "cloudflared" ? `cloudflared ${connector.version}` : "Causeway's own connector";
  // Beside a token's file that we may not write to, as in a container, nobody looks for connectors.
  const unregister = env.TUNNEL_TOKEN_FILE
    ? await register(
        env.TUNNEL_TOKEN_FILE,
        { pid: process.pid, child: connector.pid, metrics: connector.metrics },
        env,
      ).catch(() => async () => {})
    : async () => {};
  // only now that this one is ready: until then one that was left behind may be all that serves
  for (const pid of env.TUNNEL_TOKEN_FILE ? await stopOrphans(env.TUNNEL_TOKEN_FILE) : []) {
    console.error(`connector: told cloudflared ${pid} to stop, which a killed connector had left running`);
  }
  console.log(`ready: ${what}, pid ${connector.pid}, http://${connector.metrics}/ready`);
  void hasConfiguration(connector).then((has) => {
    if (!has)
      console.error("connector: the tunnel has no configuration yet; every request gets 503 until one is deployed");
  });
  const problem = await Promise.race([connector.ended, signalled]);
  if (problem) {
    await unregister();
    return fail(problem);
  }
  console.log("stopping: requests in flight may end");
  await connector.stop();
  await unregister();
}

await run().catch((error: unknown) => {
  if (!(error instanceof Usage)) return fail(error);
  console.error(`connector: ${error.message}`);
  process.exitCode = 2;
});
