import type { Case } from "../case.ts";

const responds = (content: string, finds: readonly string[]): Case => ({
  finds,
  rule: { action: "block", action_parameters: { response: { status_code: 403, content_type: "text/plain", content } } },
});

export const cases: readonly Case[] = [
  responds("é".repeat(1_001), ["é".repeat(1_001)]),
  responds("é".repeat(1_000), []),
  { finds: [], rule: { action: "block" } },
  { finds: [], rule: { action: "block", action_parameters: { response: { content: 1 } } } },
];
