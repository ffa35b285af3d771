import { initializeWasm } from "@arcjet/analyze-wasm";

/** The fields of a request that wirefilter gets: the host, the path, the address and the headers. */
interface OracleRequest {
  readonly ip?: string;
  readonly method?: string;
  readonly host?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Wirefilter {
  /** Whether an expression matches, or wirefilter's own error. */
  matches(expression: string, request: OracleRequest): boolean | { readonly error: string };
}

const nothing = {
  "arcjet:js-req/bot-identifier": { detect: () => [] },
  "arcjet:js-req/email-validator-overrides": {
    isFreeEmail: () => "unknown" as const,
    isDisposableEmail: () => "unknown" as const,
    hasMxRecords: () => "unknown" as const,
    hasGravatar: () => "unknown" as const,
  },
  "arcjet:js-req/filter-overrides": { ipLookup: () => undefined },
  "arcjet:js-req/sensitive-information-identifier": { detect: () => [] },
  "arcjet:js-req/verify-bot": { verify: () => "unverifiable" as const },
};

/** wirefilter itself, as the WebAssembly in @arcjet/analyze-wasm: one instance for any number of questions. */
export async function wirefilter(): Promise<Wirefilter> {
  const instance = await initializeWasm(nothing);
  if (!instance) throw new Error("WebAssembly is not supported here");
  return {
    matches(expression, { ip = "203.0.113.7", method = "GET", host = "example.com", path = "/", headers = {} }) {
      const request = JSON.stringify({ ip, method, host, path, headers });
      try {
        return instance.matchFilters(request, "{}", [expression], true).matchedExpressions.length > 0;
      } catch (error) {
        const { payload, message } = error as { payload?: string; message: string };
        return { error: payload ?? message };
      }
    },
  };
}
