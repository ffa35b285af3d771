import type { LocalEdge } from "../cloudflared/index.ts";
import { CommandError, command, endSignal, runCommand, UsageError } from "./command-line/index.ts";

await runCommand(
  command({
    name: "connector",
    summary: "Runs a connector for a tunnel: cloudflared, or a small one of our own where there is none.",
    details:
      "It says when it is ready, and runs until SIGINT or SIGTERM. The token is never an argument: every user " +
      "of this machine can read those.",
    environment: {
      TUNNEL_TOKEN_FILE: "file with the tunnel's token, readable by its owner only",
      TUNNEL_TOKEN: "the token itself; a file can be changed while it runs",
      CLOUDFLARED_BIN: "cloudflared (the one on PATH)",
      TUNNEL_EDGE: "a Cloudflare on localhost, with TUNNEL_CACERT",
      TUNNEL_CACERT: "file with the certificate that TUNNEL_EDGE has",
      ACCESS_CERTIFICATES: "URL of the certificates of Access, with TUNNEL_EDGE; cloudflared ignores it",
      TUNNEL_METRICS: "127.0.0.1:PORT of /ready and /metrics (a free one)",
      TUNNEL_GRACE_PERIOD: "what requests have to finish at the end (30s)",
      TUNNEL_DISABLE_PATH_NORMALIZATION: "false: cloudflared cleans paths for rules that require Access (true)",
    },
    failure: "it could not start, or ended by itself",
    run: serve,
  }),
);

async function serve(): Promise<0 | 1> {
  const { ConnectorProblem, serveTunnel } = await import("../cloudflared/index.ts");
  const { env } = process;
  const metricsPort = numberIn(env, "TUNNEL_METRICS", /^127\.0\.0\.1:(\d{1,5})$/, "127.0.0.1:PORT");
  const grace = numberIn(env, "TUNNEL_GRACE_PERIOD", /^(\d{1,4})s$/, "a number of seconds, as in 30s");
  const local = localEdge(env);
  checkBoolean(env, "TUNNEL_DISABLE_PATH_NORMALIZATION");
  try {
    const problem = await serveTunnel({
      env,
      signal: endSignal(),
      announce: (line) => console.log(line),
      log: (line) => console.error(line),
      ...(local && { local }),
      ...(metricsPort !== undefined && { metricsPort }),
      ...(grace !== undefined && { gracePeriodMs: grace * 1000 }),
    });
    if (problem) throw problem;
  } catch (error) {
    if (!(error instanceof ConnectorProblem)) throw error;
    // A token that is missing, unreadable or no token is a wrong use.
    const isWrongUse = ["NO_TOKEN", "TOKEN_FILE", "BAD_TOKEN"].includes(error.code);
    throw isWrongUse ? new UsageError(error.message) : new CommandError(error.message);
  }
  return 0;
}

function localEdge(env: NodeJS.ProcessEnv): LocalEdge | undefined {
  const edge = env.TUNNEL_EDGE?.split(",")[0];
  const caFile = env.TUNNEL_CACERT;
  if (!edge && !caFile) return undefined;
  if (!edge || !caFile) {
    throw new UsageError(
      "TUNNEL_EDGE and TUNNEL_CACERT go together: where the local edge is, and which certificate to trust.",
    );
  }
  const accessCertificates = env.ACCESS_CERTIFICATES;
  if (accessCertificates && !URL.canParse(accessCertificates)) {
    throw new UsageError(`ACCESS_CERTIFICATES is "${accessCertificates}". It must be a URL.`);
  }
  return { edge, caFile, ...(accessCertificates && { accessCertificates }) };
}

function checkBoolean(env: NodeJS.ProcessEnv, name: string): void {
  const text = env[name] ?? "";
  if (!["", "true", "false"].includes(text)) throw new UsageError(`${name} is "${text}". It must be true or false.`);
}

function numberIn(env: NodeJS.ProcessEnv, name: string, pattern: RegExp, form: string): number | undefined {
  const text = env[name];
  if (!text) return undefined;
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new UsageError(`${name} is "${text}". It must be ${form}.`);
  return Number(found);
}
