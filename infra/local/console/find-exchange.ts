import { ApiMistake } from "./api-response.ts";
import type { RecordedBodies, RecordedExchange } from "./console-data.ts";
import type { KeptExchange } from "./exchange-store.ts";
import type { Recorder } from "./recorder.ts";

/** A recorded exchange with all that is kept of it. */
export interface FoundExchange {
  readonly kept: KeptExchange;
  readonly exchange: RecordedExchange;
  /** Undefined where they were dropped. */
  readonly bodies: RecordedBodies | undefined;
}

/** The exchange of a ray. Throws an ApiMistake where it is not kept. */
export function findExchange({ exchanges }: Pick<Recorder, "exchanges">, ray: string): FoundExchange {
  const kept = exchanges.get(ray);
  if (!kept) throw new ApiMistake(404, "There is no such request, or it is no longer kept.");
  return { kept, ...readKept(kept) };
}

/** What the bytes of a kept exchange stand for. */
export function readKept({ json, bodies }: KeptExchange): Omit<FoundExchange, "kept"> {
  return {
    exchange: JSON.parse(json.toString()) as RecordedExchange,
    bodies: bodies && (JSON.parse(bodies.toString()) as RecordedBodies),
  };
}
