import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    finds: ['["http.request.headers[\\"x-key\\"]","cf.colo.id"]'],
    limit: { characteristics: ['http.request.headers["x-key"]', "cf.colo.id"] },
  },
  {
    finds: [],
    expression: 'len(http.request.headers["x-key"]) gt 0',
    limit: { characteristics: ['http.request.headers["x-key"]', "cf.colo.id"] },
  },
];
