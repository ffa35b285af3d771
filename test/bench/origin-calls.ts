import type { ServiceBroker } from "moleculer";
import type { SocketFeature } from "../../backend/gateway/index.ts";

/** Handlers by action, as a gateway that is measured has them. */
export type OriginActions = Readonly<Record<string, (ctx: { params: Record<string, string> }) => unknown>>;

/** What a feature gives to the gateway that is measured, so that calls over a socket can be. */
export interface OriginCalls {
  readonly sockets: SocketFeature;
  actions(broker: ServiceBroker): OriginActions;
}
