import type { RecordedExchange } from "../console-data.ts";

/** A recorded request with which something can be done. */
export interface ActionProps {
  readonly exchange: RecordedExchange;
  /** Shows another request. */
  readonly open: (ray: string) => void;
}
