/**
 * Requests as people write and copy them: one line, a curl command, raw HTTP, a HAR entry or file, or JSON. All become
 * the facts of a request.
 */
import type { RequestFacts } from "../evaluate/request.ts";
import { parseCurl } from "./curl.ts";
import { type Defaults, NotationError, shown } from "./draft.ts";
import { parseJson } from "./json.ts";
import { parseLine } from "./line.ts";
import { parseRawHttp } from "./raw-http.ts";

export type ParsedRequests =
  | { readonly ok: true; readonly requests: readonly RequestFacts[] }
  | { readonly ok: false; readonly message: string };

/**
 * The requests of a text; a HAR file may hold several, and there is always one. Which notation it is shows in its first
 * characters.
 */
export function parseRequests(text: string, defaults: Defaults = {}): ParsedRequests {
  const trimmed = text.trim();
  try {
    if (/^[[{]/.test(trimmed)) {
      const requests = parseJson(trimmed, defaults);
      // such as a HAR file without entries: nothing would be tried, and everything would seem to hold
      if (requests.length === 0) return { ok: false, message: `there is no request in ${shown(trimmed)}` };
      return { ok: true, requests };
    }
    if (/^curl\s/.test(trimmed)) return { ok: true, requests: [parseCurl(trimmed, defaults)] };
    if (/^\S+ \S+ HTTP\/\d/.test(trimmed)) return { ok: true, requests: [parseRawHttp(text.trimStart(), defaults)] };
    return { ok: true, requests: [parseLine(trimmed, defaults)] };
  } catch (error) {
    if (!(error instanceof NotationError)) throw error;
    return { ok: false, message: error.message };
  }
}
