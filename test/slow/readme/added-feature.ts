// Started in a copy of the project to which a feature was added: the backend, until its standard input ends, and the
// rules of the edge.
import { readConfig } from "../../../backend/config.ts";
import { startBackend } from "../../../backend/main.ts";
import { loadAssets } from "../../../backend/page/index.ts";
import { policyFor } from "../../../infra/policy/index.ts";
import { site } from "../../infra/policy/site.ts";

const config = readConfig({ PORT: "0", DATA_DIR: process.argv[2], LOG_LEVEL: "silent", DRAIN_SECONDS: "1" });
const backend = await startBackend(config, { assets: await loadAssets() });
process.stdout.write(`${JSON.stringify({ url: backend.url, policy: policyFor(site, "free").rulesets })}\n`);
process.stdin.resume().on("end", () => void backend.stop().then(() => process.exit(0)));
