import { ownConnector } from "./own-connector.ts";
import { tunnelSuite } from "./tunnel-suite.ts";

tunnelSuite("the tunnel with our own connector", ownConnector);
