import { readFile } from "node:fs/promises";
import { startConnector, TunnelError, type TunnelErrorCode } from "../infra/local/tunnel/connector/index.ts";
import { isPathNormalizationDisabled } from "./path-normalization.ts";
import { ConnectorProblem, type ConnectorProblemCode, withOriginHint } from "./problem.ts";
import type { ConnectorStartOptions, LocalEdge, RunningConnector } from "./running-connector.ts";

const CODES: Readonly<Partial<Record<TunnelErrorCode, ConnectorProblemCode>>> = {
  BAD_TOKEN: "BAD_TOKEN",
  EDGE_UNREACHABLE: "EDGE_UNREACHABLE",
  EDGE_UNTRUSTED: "EDGE_UNTRUSTED",
  LISTEN_FAILED: "METRICS_PORT",
  REGISTRATION_FAILED: "NOT_READY",
  STOPPED: "STOPPED",
  UNAUTHORIZED: "UNAUTHORIZED",
};

/** Starts our own connector in this process and waits until it is ready. */
export async function startOwn(local: LocalEdge, options: ConnectorStartOptions): Promise<RunningConnector> {
  const ca = await readFile(local.caFile, "utf8");
  try {
    const { gracePeriodMs, metricsPort, signal, token } = options;
    const connector = await startConnector({
      token,
      edge: [local.edge],
      accessCertificates: local.accessCertificates === undefined ? undefined : new URL(local.accessCertificates),
      ca,
      normalizePaths: !isPathNormalizationDisabled(options.env),
      log: withOriginHint((line) => options.log?.(line)),
      ...(gracePeriodMs === undefined ? {} : { gracePeriodMs }),
      ...(metricsPort === undefined ? {} : { metricsPort }),
    });
    const stop = () => void connector.stop();
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
    await connector.ready.finally(() => signal?.removeEventListener("abort", stop));
    return {
      kind: "causeway",
      version: "own",
      pid: process.pid,
      metrics: connector.metrics,
      readyConnections: async () => connector.readyConnections,
      ended: connector.ended.then((error) => error && problemOf(error)),
      stop: () => connector.stop(),
    };
  } catch (error) {
    throw error instanceof TunnelError ? problemOf(error) : error;
  }
}

function problemOf(error: TunnelError): ConnectorProblem {
  return new ConnectorProblem(CODES[error.code] ?? "NOT_READY", error.message);
}
