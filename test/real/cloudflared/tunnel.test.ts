import { tunnelSuite } from "../../infra/local/tunnel/tunnel-suite.ts";
import { startCloudflared } from "./real-connector.ts";

tunnelSuite("the tunnel with the real cloudflared", startCloudflared);
