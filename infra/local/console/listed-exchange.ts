import type { ListedExchange } from "./console-data.ts";
import type { KeptExchange } from "./exchange-store.ts";
import type { Recorder } from "./recorder.ts";

/** Adds what is known of the exchange by now. */
export function listedExchange({ summary }: Pick<KeptExchange, "summary">, recorder: Recorder): ListedExchange {
  const gatewayMs = recorder.backend.get(summary.ray)?.gatewayMs;
  return gatewayMs === undefined ? summary : { ...summary, gatewayMs };
}
