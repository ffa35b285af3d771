/** Pages as the API cuts them: `page` and `per_page`, an empty list past the end. */
import { invalid } from "../errors.ts";
import type { HandlerResult } from "./router.ts";

/** @throws 400 where page or per_page is no number within the bounds. */
export function paged(
  items: readonly unknown[],
  query: URLSearchParams,
  limits: { default: number; max: number },
): HandlerResult {
  const page = wholeNumber(query, "page", 1, 1, 1_000_000);
  const perPage = wholeNumber(query, "per_page", limits.default, 1, limits.max);
  const result = items.slice((page - 1) * perPage, page * perPage);
  return {
    result,
    resultInfo: {
      page,
      per_page: perPage,
      count: result.length,
      total_count: items.length,
      total_pages: Math.ceil(items.length / perPage),
    },
  };
}

function wholeNumber(query: URLSearchParams, name: string, byDefault: number, min: number, max: number): number {
  const text = query.get(name);
  if (text === null || text === "") return byDefault;
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < min || value > max) {
    // the numeric code is ours
    throw invalid(1004, `${name} must be a whole number between ${min} and ${max}`);
  }
  return value;
}
