import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    finds: ['{"status_code":403,"content_type":"text/plain","content":"no"}'],
    plan: "free",
    rule: {
      action: "block",
      action_parameters: { response: { status_code: 403, content_type: "text/plain", content: "no" } },
    },
  },
  {
    finds: ["image/png", "302"],
    rule: {
      action: "block",
      action_parameters: { response: { status_code: 302, content_type: "image/png", content: "no" } },
    },
  },
  {
    finds: [],
    rule: {
      action: "block",
      action_parameters: { response: { status_code: 403, content_type: "text/plain", content: "no" } },
    },
  },
  { finds: [], rule: { action: "block" } },
  {
    finds: ["x".repeat(30_001)],
    rule: {
      action: "block",
      action_parameters: {
        response: { status_code: 403, content_type: "text/plain", content: "x".repeat(30_001) },
      },
    },
  },
  {
    finds: ["é".repeat(1_001)],
    rule: {
      action: "block",
      action_parameters: { response: { status_code: 403, content_type: "text/plain", content: "é".repeat(1_001) } },
    },
  },
];
