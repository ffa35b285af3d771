import type { RequestFacts } from "../../infra/rules/index.ts";

/**
 * A generator of the numbers 0 to `below` - 1 that gives the same ones in every run (Numerical Recipes' constants).
 */
function numbers(): (below: number) => number {
  let state = 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile",
  "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
  "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
  "curl/8.14.1",
  "python-requests/2.32.4",
];
const SCANNED = ["/.env", "/wp-login.php", "/.git/config", "/vendor/phpunit/Eval.php", "/backup.SQL", "/admin"];
const COUNTRIES = ["DE", "US", "FR", "BR", "IN", "JP", "NG", "XX"];

/**
 * Different requests to one host as a log of Cloudflare's gives them: 26 fields, of which 15 only Cloudflare can
 * compute. Three quarters ask for `paths`, a sixth for what scanners ask for; the rest comes over plain HTTP or asks
 * for nothing that exists.
 */
export function logRequests(count: number, host: string, paths: readonly string[]): readonly RequestFacts[] {
  const below = numbers();
  const pick = <T>(from: readonly T[], otherwise: T): T => from[below(from.length)] ?? otherwise;
  return Array.from({ length: count }, (_, i): RequestFacts => {
    const kind = below(12);
    const path = kind < 9 ? pick(paths, "/") : kind < 11 ? pick(SCANNED, "/") : `/shop/item-${below(1000)}/view`;
    const scheme = kind === 11 && below(2) === 0 ? "http" : "https";
    return {
      method: below(4) === 0 ? "POST" : "GET",
      host,
      uri: `${path}${below(2) === 0 ? "" : `?page=${i}&from=${below(100)}`}`,
      version: below(3) === 0 ? "HTTP/3" : "HTTP/2",
      scheme,
      headers: [
        ["User-Agent", pick(AGENTS, "")],
        ["Referer", below(2) === 0 ? "" : `https://${host}/?from=${i}`],
        ["Cookie", `session=${(i * 7919).toString(16).padStart(32, "0")}`],
      ],
      ip: below(5) === 0 ? `2001:db8::${below(200).toString(16)}` : `198.51.${below(4)}.${below(250)}`,
      at: 1_790_000_000_000 + i * 40,
      colo: pick(["FRA", "AMS", "IAD"], "FRA"),
      given: {
        "ip.src.country": pick(COUNTRIES, "XX"),
        "ip.src.asnum": 64_496 + below(16),
        "ip.src.continent": pick(["EU", "NA", "AS"], "EU"),
        "ip.src.region_code": pick(["BE", "CA", "IDF"], "BE"),
        "ip.src.city": pick(["Berlin", "Los Angeles", "Paris"], "Berlin"),
        "cf.tls_version": scheme === "http" ? "" : "TLSv1.3",
        "cf.tls_cipher": scheme === "http" ? "" : "AEAD-AES128-GCM-SHA256",
        "cf.bot_management.score": 1 + below(99),
        "cf.bot_management.verified_bot": below(20) === 0,
        "cf.bot_management.ja3_hash": "b32309a26951912be7dba376398abc3b",
        "cf.bot_management.ja4": "t13d1516h2_8daaf6152771_b186095e22b6",
        "cf.verified_bot_category": "",
        "cf.waf.score": 1 + below(99),
        "cf.waf.score.sqli": 1 + below(99),
        "cf.ray_id": (0x9000_0000_0000_0000n + BigInt(i)).toString(16),
      },
    };
  });
}
