import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: "len(http.host) lt 0", finds: ["len(http.host) lt 0"] },
  { expression: "len(http.host) ge -1", finds: ["len(http.host) ge -1"] },
  { expression: 'len(http.request.uri.args["a"]) ge 0', finds: [] },
];
