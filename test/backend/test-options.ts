import { contentHash, LIMITS, type LimitTable, type ServerTimes } from "../../backend/gateway/index.ts";
import { assets } from "../../backend/surface.ts";

/** No limit that a test reaches by accident. */
export const NO_LIMITS: LimitTable = Object.fromEntries(
  Object.keys(LIMITS).map((name) => [name, { requests: 1_000_000, seconds: 10 }]),
) as LimitTable;

/** A short text in place of each file of the page. */
export const TEST_ASSETS = new Map(
  assets.map((path) => {
    const asset = { contentType: "text/html; charset=utf-8", body: Buffer.from(`<p>${path}</p>`) };
    return [path, path === "/" ? asset : { ...asset, version: contentHash(asset.body) }];
  }),
);

/** What a test may choose of a whole backend and of a gateway alone. */
export interface TestOptions {
  /** Environment variables, over those of the test. */
  readonly config?: Readonly<Record<string, string>>;
  readonly limits?: LimitTable;
  readonly times?: Partial<ServerTimes>;
}

/** A destination for a log, and the parsed lines that were written to it. */
export function collectLog(): { lines: Record<string, unknown>[]; destination: { write(line: string): void } } {
  const lines: Record<string, unknown>[] = [];
  return { lines, destination: { write: (line) => void lines.push(JSON.parse(line)) } };
}
