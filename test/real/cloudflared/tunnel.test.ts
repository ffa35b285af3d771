import { originsSuite } from "../../infra/local/tunnel/origins-suite.ts";
import { tunnelSuite } from "../../infra/local/tunnel/tunnel-suite.ts";
import { startCloudflared } from "./real-connector.ts";

tunnelSuite("the tunnel with the real cloudflared", startCloudflared);
originsSuite("the origins of the real cloudflared", startCloudflared);
