import type { Visitors } from "../rules/index.ts";

/**
 * Who sends the requests of examples and stories. `ordinary` sends all that name no visitor. The others have the values
 * in which they differ from it, and are named, as in `{ request: "GET /", visitor: "tor" }`. Addresses are of
 * 198.18.0.0/15, the network for measurements (RFC 2544), AS numbers are of RFC 5398: both belong to no network.
 */
export const VISITORS: Visitors = {
  /** A person with a browser of today. */
  ordinary: {
    ip: "198.18.0.1",
    userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    headers: { Accept: "*/*", "Accept-Language": "en", "Accept-Encoding": "gzip, br" },
    fields: {
      "ip.src.country": "DE",
      "ip.src.continent": "EU",
      "ip.src.is_in_european_union": true,
      "ip.src.region": "Land Berlin",
      "ip.src.region_code": "BE",
      "ip.src.subdivision_1_iso_code": "DE-BE",
      "ip.src.city": "Berlin",
      "ip.src.postal_code": "10115",
      "ip.src.lat": "52.52000",
      "ip.src.lon": "13.40500",
      "ip.src.timezone.name": "Europe/Berlin",
      "ip.src.asnum": 64496,
      "cf.tls_version": "TLSv1.3",
      "cf.tls_cipher": "AEAD-AES128-GCM-SHA256",
      "cf.bot_management.score": 90,
      "cf.bot_management.js_detection.passed": true,
      "cf.waf.score": 95,
      "cf.waf.score.sqli": 95,
      "cf.waf.score.xss": 95,
      "cf.waf.score.rce": 95,
      "cf.waf.score.class": "clean",
      "cf.timings.client_tcp_rtt_msec": 20,
    },
  },
  /** A person in an office with an address of its own. */
  office: { ip: "198.18.1.1", fields: { "ip.src.asnum": 64497 } },
  /** The crawler of a search engine that Cloudflare knows and has verified. */
  crawler: {
    ip: "198.18.2.1",
    userAgent: "Mozilla/5.0 (compatible; ExampleSearch/2.1; +https://search.example/bot)",
    fields: {
      "ip.src.country": "US",
      "ip.src.continent": "NA",
      "ip.src.is_in_european_union": false,
      "ip.src.asnum": 64498,
      "cf.client.bot": true,
      "cf.verified_bot_category": "Search Engine Crawler",
      "cf.bot_management.verified_bot": true,
      "cf.bot_management.score": 1,
      "cf.bot_management.js_detection.passed": false,
    },
  },
  /** A person behind the Tor network: Cloudflare gives it a country of its own. */
  tor: {
    ip: "198.18.3.1",
    fields: {
      "ip.src.country": "T1",
      "ip.src.continent": "T1",
      "ip.src.is_in_european_union": false,
      "ip.src.asnum": 64499,
    },
  },
  /** A script on a rented server. */
  script: {
    ip: "198.18.4.1",
    userAgent: "python-requests/2.32.5",
    fields: {
      "ip.src.country": "US",
      "ip.src.continent": "NA",
      "ip.src.is_in_european_union": false,
      "ip.src.asnum": 64500,
      "cf.bot_management.score": 2,
      "cf.bot_management.js_detection.passed": false,
    },
  },
  /** A device that never got an update. */
  outdated: {
    ip: "198.18.5.1",
    userAgent: "Mozilla/5.0 (Linux; U; Android 4.4.2) AppleWebKit/534.30 Version/4.0 Mobile Safari/534.30",
    fields: { "cf.tls_version": "TLSv1.2", "cf.tls_cipher": "ECDHE-RSA-AES128-SHA" },
  },
};
