import type { Context } from "moleculer";
import type { Meta, ParamsOf, ResultOf } from "../contract/index.ts";

/** Names the connector that carried the request only to a client that knows its id. */
export function healthOf({ params, meta }: Context<ParamsOf<"gateway.health">, Meta>): ResultOf<"gateway.health"> {
  const connector = meta.client?.connector;
  const isNamed = connector !== undefined && params.connectors?.split(",").includes(connector);
  return isNamed ? { healthy: true, connector } : { healthy: true };
}
