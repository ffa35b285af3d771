import Cloudflare from "cloudflare";

/** How the API is reached. */
export interface ApiAccess {
  readonly apiToken: string;
  readonly baseURL: string | undefined;
}

export interface ApiPatience {
  /** Called while calls wait for longer than `noticeMs`, and again after each such time. */
  readonly tell: (line: string) => void;
  /** Milliseconds for one try of a call. */
  readonly timeoutMs?: number;
  /** Milliseconds. */
  readonly noticeMs?: number;
}

/**
 * Milliseconds: the API responds within one or two seconds, so that three calls in a row end within a minute and a
 * half at worst.
 */
const TIMEOUT_MS = 15_000;
const NOTICE_MS = 5_000;
/** Tries after the first, on a broken connection, a timeout, 409, 429 and 5xx. */
const MAX_RETRIES = 1;

/** A client that does not wait for minutes in silence: it reports an API that does not respond. */
export function openApi({ apiToken, baseURL }: ApiAccess, patience: ApiPatience): Cloudflare {
  const { tell, timeoutMs = TIMEOUT_MS, noticeMs = NOTICE_MS } = patience;
  let waiting = 0;
  let silentSince = 0;
  let timer: NodeJS.Timeout | undefined;
  const begin = () => {
    waiting += 1;
    if (waiting > 1) return;
    silentSince = performance.now();
    timer = setInterval(() => {
      const seconds = Math.round((performance.now() - silentSince) / 1000);
      tell(`Cloudflare's API has not responded for ${seconds} s; still waiting.`);
    }, noticeMs);
  };
  const end = () => {
    waiting -= 1;
    silentSince = performance.now();
    if (waiting === 0) clearInterval(timer);
  };
  return new Cloudflare({
    apiToken,
    baseURL,
    timeout: timeoutMs,
    maxRetries: MAX_RETRIES,
    logLevel: "off",
    async fetch(input, init) {
      begin();
      try {
        return await fetch(input, init);
      } finally {
        end();
      }
    },
  });
}
