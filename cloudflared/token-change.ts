import { setTimeout as delay } from "node:timers/promises";
import { fingerprint, type RegisteredConnector, registeredConnectors } from "./registry.ts";
import { otherCloudflareds, type UnregisteredConnector } from "./service.ts";
import { readToken } from "./token.ts";

/** The outcome for one connector of this machine after the token in its file changed. */
export type TokenChange =
  /** It runs with the new token; no request was lost. */
  | { readonly kind: "changed"; readonly connector: RegisteredConnector }
  /** It could not start a connector with the new token, and runs on with the old one. */
  | { readonly kind: "failed"; readonly connector: RegisteredConnector; readonly reason: string }
  /** It was stopping, or stopped meanwhile. */
  | { readonly kind: "stopped"; readonly connector: RegisteredConnector }
  /** Its `npm run connector` was killed, so nothing restarts or stops this cloudflared. */
  | { readonly kind: "orphan"; readonly connector: RegisteredConnector }
  /** A cloudflared that `npm run connector` did not start: it may serve this tunnel, and keeps the token it has. */
  | { readonly kind: "unknown"; readonly connector: UnregisteredConnector };

/** Options of `changeToken`. */
export interface TokenChangeOptions {
  /** Milliseconds that the connectors have to become ready with the new token; 60,000 by default. */
  readonly timeoutMs?: number;
  /** Where the processes of this machine are listed; `/proc` by default. */
  readonly proc?: string;
}

/**
 * Waits until the connectors of this machine run with the token that is in the file now. Every `npm run connector`
 * checks its file once a second. When the token has changed, it starts a second connector, and stops the first one when
 * the second is ready; requests in flight end normally. The process stays the same, and with it its supervisor and its
 * log.
 * @throws ConnectorProblem where the file holds no token.
 */
export async function changeToken(tokenFile: string, options: TokenChangeOptions = {}): Promise<TokenChange[]> {
  const token = fingerprint(await readToken({ TUNNEL_TOKEN_FILE: tokenFile }));
  const deadline = performance.now() + (options.timeoutMs ?? 60_000);
  const before = await registeredConnectors(tokenFile);
  const changes = await Promise.all(before.map((connector) => waitForToken(tokenFile, connector, token, deadline)));
  const known = new Set(
    (await registeredConnectors(tokenFile)).concat(before).flatMap(({ pid, child }) => [pid, child]),
  );
  const others = await otherCloudflareds(known, options.proc);
  return [...changes, ...others.map((connector): TokenChange => ({ kind: "unknown", connector }))];
}

async function waitForToken(
  tokenFile: string,
  connector: RegisteredConnector,
  token: string,
  deadline: number,
): Promise<TokenChange> {
  if (connector.orphan) return { kind: "orphan", connector };
  if (connector.stopping) return { kind: "stopped", connector };
  for (;;) {
    const now = (await registeredConnectors(tokenFile)).find(({ pid }) => pid === connector.pid);
    if (!now || now.stopping) return { kind: "stopped", connector };
    if (now.token === token) return { kind: "changed", connector: now };
    if (now.refused?.token === token) return { kind: "failed", connector: now, reason: now.refused.message };
    if (performance.now() > deadline)
      return { kind: "failed", connector: now, reason: "it did not become ready in time." };
    await delay(100);
  }
}

/** A sentence for the operator about one connector, with the command to run where something must be done by hand. */
export function describeTokenChange(change: TokenChange, tokenFile: string): string {
  const { connector } = change;
  const service = connector.service;
  const where = service ? ` (${service.name})` : "";
  switch (change.kind) {
    case "changed":
      return `Connector ${connector.pid}${where} has the new token.`;
    case "stopped":
      return `Connector ${connector.pid}${where} was stopping, so nothing takes its place.`;
    case "failed": {
      const restart = service?.restart ?? "stop it with Ctrl-C and start it again";
      return (
        `Connector ${connector.pid}${where} runs on with the old token: ${change.reason} ` +
        `Then restart it: ${restart}`
      );
    }
    case "orphan":
      return (
        `cloudflared ${connector.pid} runs on with the old token: the \`npm run connector\` that started it ` +
        `was killed. Start a new one, which stops it: TUNNEL_TOKEN_FILE=${tokenFile} npm run connector`
      );
    case "unknown":
      return service
        ? `cloudflared ${connector.pid} runs as ${service.name}. If it serves this tunnel, put the token of ` +
            `${tokenFile} where that service reads it, then run: ${service.restart}`
        : `cloudflared ${connector.pid} was not started by \`npm run connector\`. If it serves this tunnel, ` +
            `start it again with the token of ${tokenFile}.`;
  }
}
