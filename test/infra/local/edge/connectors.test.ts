import { exchangeSuite } from "./exchange-suite.ts";
import { ownConnector } from "./house.ts";
import { websocketSuite } from "./websocket-suite.ts";

exchangeSuite("through the edge with our own connector", ownConnector);
websocketSuite("WebSockets through the edge with our own connector", ownConnector);
