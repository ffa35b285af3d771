import { ownConnector } from "../tunnel/own-connector.ts";
import { exchangeSuite } from "./exchange-suite.ts";
import { websocketSuite } from "./websocket-suite.ts";

exchangeSuite("through the edge with our own connector", ownConnector);
websocketSuite("WebSockets through the edge with our own connector", ownConnector);
