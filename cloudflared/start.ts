import { access, constants } from "node:fs/promises";
import { startBinary } from "./binary-connector.ts";
import { findCloudflared } from "./find.ts";
import { startOwn } from "./own-connector.ts";
import { ConnectorProblem } from "./problem.ts";
import type { ConnectorStartOptions, RunningConnector } from "./running-connector.ts";

/** Starts a connector and resolves when it is ready; rejects with a ConnectorProblem. */
export async function startCloudflared(options: ConnectorStartOptions): Promise<RunningConnector> {
  if (options.local) await checkReadable(options.local.caFile);
  const binary = await findCloudflared(options.env);
  if (options.signal?.aborted) throw new ConnectorProblem("STOPPED", "The connector was stopped before it started.");
  if (binary) {
    if (options.env.ACCESS_CERTIFICATES) {
      options.log?.("connector: cloudflared ignores ACCESS_CERTIFICATES and reads its vendor's certificates of Access");
    }
    return startBinary(binary, options);
  }
  if (options.local) return startOwn(options.local, options);
  throw new ConnectorProblem(
    "NOT_INSTALLED",
    "cloudflared is not installed here. Install it (" +
      "https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/downloads/" +
      ") or name it with CLOUDFLARED_BIN. For the Cloudflare on localhost, set TUNNEL_EDGE and TUNNEL_CACERT as " +
      "`npm start` prints them.",
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
