import type { Lint } from "../lint.ts";

export const rateLimitResponse: Lint = {
  name: "rate-limit-response",
  severity: "hint",
  about: "Counting by the response bypasses the cache for these requests, and acts one request later.",
  *inRule({ counting }) {
    const field = counting?.analysis.fields.find(({ used }) => used.source === "response");
    if (!field) return;
    yield {
      property: "ratelimit.counting_expression",
      message:
        `${field.used.name} is known after the response: the request that goes over the limit still passes, and ` +
        "these requests bypass the cache",
    };
  },
};
