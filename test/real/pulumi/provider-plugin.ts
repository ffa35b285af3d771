// A provider plugin as the CLI starts one: it prints its port and serves until it is ended. It is used in place
// of Cloudflare's plugin.
import { writeFileSync } from "node:fs";
import { startProviderServer } from "../../../infra/local/provider/grpc/index.ts";

const server = await startProviderServer();
if (process.env.PLUGIN_STARTED) writeFileSync(process.env.PLUGIN_STARTED, "");
process.stdout.write(`${server.debugProviders.split(":")[1]}\n`);
