import type { DestinationPattern } from "../api/access/index.ts";

/** Whether a hostname, in lower case and without port, is covered. */
export function coversHost({ host }: DestinationPattern, hostname: string): boolean {
  if (!host.includes("*")) return host === hostname;
  const [labels, given] = [host.split("."), hostname.split(".")];
  return labels.length === given.length && labels.every((label, index) => matchesLabel(label, given[index] ?? ""));
}

function matchesLabel(pattern: string, label: string): boolean {
  const [before = "", after] = pattern.split("*");
  if (after === undefined) return pattern === label;
  return label.length >= before.length + after.length && label.startsWith(before) && label.endsWith(after);
}

/**
 * Whether a path, normalized and without query, is covered: the path itself and what is below it. `/alpha/*` covers
 * what is below `/alpha/` alone, and a `*` inside crosses slashes.
 */
export function coversPath({ path }: DestinationPattern, given: string): boolean {
  if (path === "") return true;
  const [first = "", ...others] = path.replace(/\/$/, "").split("*");
  if (others.length === 0) return given === first || given.startsWith(`${first}/`);
  if (!given.startsWith(first)) return false;
  // the first place for each part is enough: what follows the last part decides
  let at = first.length;
  const last = others.pop() ?? "";
  for (const part of others) {
    const found = given.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  if (last === "") return true;
  if (given.length - last.length >= at && given.endsWith(last)) return true;
  return given.indexOf(`${last}/`, at) >= 0;
}

/**
 * Sorts patterns so that the more specific one comes first: a hostname without wildcard, then the longer hostname, then
 * the longer path. Cloudflare documents paths alone: the more specific one decides, and nothing is inherited.
 */
export function bySpecificity(one: DestinationPattern, other: DestinationPattern): number {
  const literal = (text: string) => text.replaceAll("*", "").length;
  return (
    Number(one.host.includes("*")) - Number(other.host.includes("*")) ||
    literal(other.host) - literal(one.host) ||
    literal(other.path) - literal(one.path) ||
    Number(one.path.includes("*")) - Number(other.path.includes("*"))
  );
}
