/** The road: one way to start a connector, whether it is the real cloudflared or our own. */
import { access, constants } from "node:fs/promises";
import { startBinary } from "./binary-connector.ts";
import { findCloudflared } from "./find.ts";
import { startOwn } from "./own-connector.ts";
import { ConnectorProblem } from "./problem.ts";
import type { RunningConnector, StartOptions } from "./running-connector.ts";

export { hasConfiguration } from "./configuration.ts";
export { type Binary, findCloudflared } from "./find.ts";
export { ConnectorProblem, type ConnectorProblemCode } from "./problem.ts";
export { type RegisteredConnector, register, registered, stopOrphans } from "./registry.ts";
export { type Replacement, type ReplaceOptions, replaceConnectors } from "./replace.ts";
export type { LocalEdge, RunningConnector, StartOptions } from "./running-connector.ts";
export { readToken, type TokenSources } from "./token.ts";

/** Starts a connector and resolves when it is ready; rejects with a ConnectorProblem that says what to do. */
export async function startCloudflared(options: StartOptions): Promise<RunningConnector> {
  if (options.local) await checkReadable(options.local.caFile);
  const binary = await findCloudflared(options.env);
  if (binary) return startBinary(binary, options);
  if (options.local) return startOwn(options.local, options);
  throw new ConnectorProblem(
    "NOT_INSTALLED",
    "cloudflared is not installed here. Install it (https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/downloads/) or name it with CLOUDFLARED_BIN. For the Cloudflare on localhost, set TUNNEL_EDGE and TUNNEL_CACERT as `npm start` prints them.",
  );
}

async function checkReadable(caFile: string): Promise<void> {
  await access(caFile, constants.R_OK).catch(() => {
    throw new ConnectorProblem(
      "EDGE_UNTRUSTED",
      `The certificate authority ${caFile} cannot be read. Is \`npm start\` running, and is this its folder?`,
    );
  });
}
