import { classLimit } from "../class-limit.ts";
import type { PolicyRule, RuleContext } from "../rule.ts";

/**
 * The limit of `credential` endpoints in `backend/surface.ts`: endpoints that take a password or what a mail carried.
 * A limit of the edge's own, which the gateway does not share, is the third argument, as in `{ requests: 50, seconds:
 * 10 }`.
 */
export const credentialRate = (context: RuleContext): PolicyRule | undefined => classLimit("credential", context);
