import { classLimit } from "../class-limit.ts";
import type { PolicyRule, RuleContext } from "../rule.ts";

/**
 * The limit of `write` endpoints in `backend/surface.ts`: endpoints that change something. A limit of the edge's own,
 * which the gateway does not share, is the third argument, as in `{ requests: 50, seconds: 10 }`.
 */
export const writeRate = (context: RuleContext): PolicyRule | undefined => classLimit("write", context);
