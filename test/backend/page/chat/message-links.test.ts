import { expect, test } from "@jest/globals";
import { findLinks } from "../../../../backend/page/chat/message-links.ts";

/** The links of a message, as `label` or, where they differ, `label -> href`. */
const linksIn = (message: string) =>
  findLinks(message).flatMap(({ link }) => {
    if (!link) return [];
    return link.label === link.href ? [link.label] : [`${link.label} -> ${link.href}`];
  });

test.each([
  ["see https://example.org/a?b=c#d now", "https://example.org/a?b=c#d"],
  ["(https://example.org/a).", "https://example.org/a"],
  ["https://example.org/Tunnel_(disambiguation)", "https://example.org/Tunnel_(disambiguation)"],
  ["(see https://example.org/Tunnel_(disambiguation))", "https://example.org/Tunnel_(disambiguation)"],
  ["[https://example.org/[1]]]", "https://example.org/[1]"],
  ["http://[::1]:8080/x", "http://[::1]:8080/x"],
  ["https://example.org/a, https://example.org/b!", "https://example.org/a", "https://example.org/b"],
  ["“https://example.org/a”", "https://example.org/a"],
  ["<https://example.org/a>", "https://example.org/a"],
  ['"https://example.org/a"', "https://example.org/a"],
  ["https://example.org/a、https://example.org/b。", "https://example.org/a", "https://example.org/b"],
  ["https://example.org/…", "https://example.org/"],
  ["https://web.example/web/https://example.org/", "https://web.example/web/https://example.org/"],
  ["HTTPS://Example.ORG/A", "https://example.org/A"],
  ["https://example.org", "https://example.org -> https://example.org/"],
  ["https://example.org:443/a", "https://example.org/a"],
  ["https://example.org/ä", "https://example.org/ä -> https://example.org/%C3%A4"],
])("%j has links", (message, ...links) => {
  expect(linksIn(message)).toEqual(links);
});

test.each([
  ["https://bücher.example/ä", "https://xn--bcher-kva.example/ä -> https://xn--bcher-kva.example/%C3%A4"],
  // the first letter is Cyrillic
  ["https://аpple.com/", "https://xn--pple-43d.com/"],
  ["https://ｅxample.org/", "https://example.org/"],
  ["http://0x7f.1/", "http://127.0.0.1/"],
  ["https://good.example%2eevil.example/", "https://good.example.evil.example/"],
])("the host of %s is shown as the browser connects to it", (message, link) => {
  expect(linksIn(message)).toEqual([link]);
});

test.each([
  "https://good.example@evil.example/",
  "https://user:password@evil.example/",
  "https://@evil.example/",
  "https://good.example%40evil.example/",
  "https://good.example:443@evil.example/https://x.example/",
  "javascript:alert(1)",
  "javascript://example.org/%0aalert(1)",
  "data:text/html,<script>alert(1)</script>",
  "ftp://example.org/",
  "//example.org/",
  "www.example.org",
  "xhttps://example.org/",
  "https://",
  "https://...",
  "https:///example.org",
  "https://\u202egro.elpmaxe/",
  "https://exa mple",
  `https://example.org/${"a".repeat(2048)}`,
])("%j stays text", (message) => {
  expect(linksIn(message).filter((link) => link !== "https://exa -> https://exa/")).toEqual([]);
});

test("characters that browsers read as slashes, or that are not visible, end a link", () => {
  expect(linksIn("https://good.example\\@evil.example/")).toEqual(["https://good.example -> https://good.example/"]);
  for (const character of ["\u202e", "\u2066", "\u200b", "\u00ad", "\ufeff", "\u0000", "\u2028", "\ud800"])
    expect(linksIn(`https://example.org/a${character}b`)).toEqual(["https://example.org/a"]);
});

test("a message has a hundred links at most", () => {
  expect(linksIn("http://a ".repeat(444))).toHaveLength(100);
});

const PIECES = [
  ...[
    "http://",
    "https://",
    "HTTPS://",
    "://",
    "http:",
    "javascript:",
    "//",
    "/",
    "\\",
    "@",
    "@evil.example",
    ":",
    "?",
  ],
  ...["#", ".", ",", "(", ")", "[", "]", "{", "}", "<", ">", '"', "'", "%40", "%2e", "%00", "%", " ", "\n", "\t"],
  ...["example.org", "xn--a", "аpple.com", "bücher", "漢字", "。", "\u202e", "\u200d", "\u200b", "\ufeff", "\u0301"],
  ...["[::1]", "127.1", ":99999", ":80", "a", "…", "“", "”", "\ud83d\ude00", "\ud83d", "\ude00", "\u0000", "|", "^"],
];

test("whatever a message is made of: its parts are the message, and each link leads where its label says", () => {
  let seed = 13;
  const next = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  let found = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const start = next(2) === 0 ? "https://a" : "";
    const message = start + Array.from({ length: 1 + next(12) }, () => PIECES[next(PIECES.length)]).join("");
    const parts = findLinks(message);
    expect(parts.map(({ text }) => text).join("")).toBe(message);
    for (const { link } of parts) {
      if (!link) continue;
      found += 1;
      const { protocol, username, password, hostname } = new URL(link.href);
      expect([protocol === "http:" || protocol === "https:", username, password]).toEqual([true, "", ""]);
      expect(hostname).toMatch(/^[\x21-\x7e]+$/);
      expect(link.label).toMatch(/^https?:\/\/[\x21-\x7e]+?(?:$|[/?#])/);
      expect(link.label).not.toMatch(/[\p{Cf}\p{Cc}\s\\]/u);
      expect(new URL(link.label).href).toBe(link.href);
    }
  }
  expect(found).toBeGreaterThan(1_000);
});

test("long messages that look like links everywhere are split whole", () => {
  for (const piece of [
    "http://",
    "http://a",
    "http://a(",
    "http://a)",
    "https://a.",
    "(",
    ")",
    "http://[",
    "h",
    "http://@",
  ]) {
    const message = piece.repeat(Math.ceil(4000 / piece.length)).slice(0, 4000);
    expect(
      findLinks(message)
        .map(({ text }) => text)
        .join(""),
    ).toBe(message);
    const closed = `http://a${piece.repeat(Math.ceil(4000 / piece.length))}`.slice(0, 4000);
    expect(
      findLinks(closed)
        .map(({ text }) => text)
        .join(""),
    ).toBe(closed);
  }
});
