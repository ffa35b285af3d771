import { exchangeSuite } from "../../infra/local/edge/exchange-suite.ts";
import { websocketSuite } from "../../infra/local/edge/websocket-suite.ts";
import { startCloudflared } from "./real-connector.ts";

exchangeSuite("through the edge with the real cloudflared", startCloudflared);
websocketSuite("WebSockets through the edge with the real cloudflared", startCloudflared);
