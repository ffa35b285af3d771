import type { CallingOptions } from "moleculer";
import { FROM_CLIENT_HEADER } from "../authorization.ts";
import type { Meta } from "../contract/index.ts";

const FROM_OUTSIDE = Object.freeze({ [FROM_CLIENT_HEADER]: true });

/** Options for calling an action for a client: `authorization.ts` then checks whether the client may call it. */
export function clientCallOptions(meta: Meta, requestID?: string): CallingOptions {
  return requestID === undefined ? { meta, headers: FROM_OUTSIDE } : { meta, headers: FROM_OUTSIDE, requestID };
}
