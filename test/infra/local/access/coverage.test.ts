/** Which application decides on a request. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { applicationFor } from "../../../../infra/local/access/applications.ts";
import { readDestination } from "../../../../infra/local/api/access/destination.ts";
import type { StoredAccess, StoredAccessApp } from "../../../../infra/local/api/access/stored.ts";

/** One application for each destination, named after it. */
function appFor(destinations: readonly string[], host: string, uri: string): string | undefined {
  const apps = destinations.map((uri) => ({ name: uri, destinations: [{ type: "public", uri }] }));
  return applicationFor({ apps: apps as unknown as readonly StoredAccessApp[] } as StoredAccess, host, uri)?.name;
}

// the first ones are the examples of Cloudflare's page
test.each([
  ["*.example.com", ["alpha.example.com/", "beta.example.com/x"], ["example.com/", "foo.bar.example.com/"]],
  ["example.com/*", ["example.com/", "example.com/alpha"], ["alpha.example.com/"]],
  ["example.com", ["example.com/", "example.com/alpha?x"], ["alpha.example.com/"]],
  ["*test.example.com", ["test.example.com/", "alphatest.example.com/"], ["beta.test.example.com/"]],
  ["example.com/alpha/*", ["example.com/alpha/one", "example.com/alpha/two"], ["example.com/alpha", "example.com/"]],
  [
    "example.com/foo*/bar",
    ["example.com/foo/bar", "example.com/food/bar", "example.com/food/stuff/bar"],
    ["example.com/bar"],
  ],
  [
    "example.com/eng",
    ["example.com/eng", "example.com/eng/exec", "example.com/eng/?a=/b"],
    ["example.com/engine", "example.com/en", "example.com/?/eng"],
  ],
  ["example.com/eng/", ["example.com/eng", "example.com/eng/x"], ["example.com/engine"]],
  // URL normalization comes before
  [
    "example.com/admin",
    [
      "example.com//admin",
      "example.com/x/../admin",
      "example.com/./admin",
      "example.com/%61dmin",
      "example.com/admin%2Fusers",
      "example.com/x%2f..%2fadmin",
      "example.com/\\admin",
    ],
    ["example.com/Admin", "example.com/admin/../x", "example.com/admin%20"],
  ],
])("%s covers what it says", (destination, covered, others) => {
  const covers = (url: string) => appFor([destination], url.slice(0, url.indexOf("/")), url.slice(url.indexOf("/")));
  for (const url of covered) expect([url, covers(url)]).toEqual([url, destination]);
  for (const url of others) expect([url, covers(url)]).toEqual([url, undefined]);
});

test("the most specific application decides, whatever the order of the list", () => {
  const all = ["*.example.com", "a.example.com", "a.example.com/x", "a.example.com/x/y", "*a.example.com/x/y/z"];
  for (const list of [all, [...all].reverse()]) {
    expect(appFor(list, "b.example.com", "/x")).toBe("*.example.com");
    expect(appFor(list, "a.example.com", "/")).toBe("a.example.com");
    expect(appFor(list, "a.example.com", "/x/z")).toBe("a.example.com/x");
    expect(appFor(list, "a.example.com", "/x/y/z")).toBe("a.example.com/x/y");
    expect(appFor(list, "aa.example.com", "/x/y/z")).toBe("*a.example.com/x/y/z");
  }
});

describe("for any request", () => {
  const path = fc.array(fc.constantFrom("/", "a", "b", ".", "..", "%2f", "%61", "\\", "*", "?", "x"), {
    maxLength: 12,
  });

  test("a whole hostname covers every path of it", () => {
    fc.assert(
      fc.property(path, (parts) => appFor(["a.example.com"], "a.example.com", `/${parts.join("")}`) !== undefined),
    );
  });

  test("a path covers itself and what is below it, and not the path that is longer by a letter", () => {
    const segment = fc.string({ unit: fc.constantFrom(..."abc-_~."), minLength: 1, maxLength: 5 });
    const segments = fc.array(
      segment.filter((text) => !/^\.+$/.test(text)),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(segments, (parts) => {
        const own = `/${parts.join("/")}`;
        const uri = `a.example.com${own}`;
        const covers = (path: string) => appFor([uri], "a.example.com", path) === uri;
        return covers(own) && covers(`${own}/x?y`) && covers(`/z/..${own}`) && !covers(`${own}x`) && !covers("/");
      }),
    );
  });

  test("any text is a destination or has a problem that is said", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          path.map((parts) => `a.example.com/${parts.join("")}`),
        ),
        (uri) => {
          const read = readDestination(uri);
          return typeof read === "string" ? read.length > 0 : read.host.includes(".") && !/[?#]/.test(read.path);
        },
      ),
    );
  });
});
