import { originsSuite } from "./origins-suite.ts";
import { ownConnector } from "./own-connector.ts";
import { tunnelSuite } from "./tunnel-suite.ts";

tunnelSuite("the tunnel with our own connector", ownConnector);
originsSuite("the origins of our own connector", ownConnector);
