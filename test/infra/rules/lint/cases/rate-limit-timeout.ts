import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ["60"], plan: "free", limit: { mitigation_timeout: 60 } },
  { finds: ["0"], plan: "pro", limit: { mitigation_timeout: 0 } },
  { finds: ["60"], plan: "pro", rule: { action: "managed_challenge" }, limit: { mitigation_timeout: 60 } },
  { finds: ["61"], plan: "pro", limit: { mitigation_timeout: 61 } },
  { finds: [], plan: "free", limit: { mitigation_timeout: 10 } },
  { finds: [], limit: { mitigation_timeout: 0 } },
];
