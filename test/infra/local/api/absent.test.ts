/** P9: what the API on localhost does not have is refused by name, and listed in the README. */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { absentParts } from "../../../../infra/local/api/absent.ts";
import { withApi } from "./client.ts";

const parts = Object.entries(absentParts);

test("P9: the response for a part that is not there is 404 with code 7003, and names the part", async () => {
  await withApi({}, async (api, call) => {
    for (const [start, part] of parts) {
      for (const scope of [`/zones/${api.zoneId}`, `/accounts/${api.accountId}`]) {
        for (const path of [`${scope}/${start}`, `${scope}/${start}/x?page=1`]) {
          const { status, body } = await call("GET", path);
          expect([path, status, body.errors[0]?.code]).toEqual([path, 404, 7003]);
          expect(body.errors[0]?.message).toMatch(new RegExp(`The API on localhost does not have ${part}\\.$`));
        }
      }
    }
    const other = await call("GET", `/zones/${api.zoneId}/pagerules_x`);
    expect(other.body.errors[0]?.message).toMatch(/is invalid\?$/);
  });
});

test("P9: the README lists them all", () => {
  const text = readFileSync("README.md", "utf8").replaceAll(/\s+/g, " ");
  const list = /The API on localhost does not have (.*?)\. A request/.exec(text)?.[1] ?? "";
  const names = list.split(/, | and /);
  expect(names.sort()).toEqual([...new Set(parts.map(([, part]) => part))].sort());
});

test("P9: zones are read, and not written", async () => {
  await withApi({}, async (api, call) => {
    const zone = `/zones/${api.zoneId}`;
    const written = [
      await call("POST", "/zones", { name: "example.org", account: { id: api.accountId } }),
      await call("PATCH", zone, { paused: true }),
      await call("DELETE", zone),
    ];
    for (const { status, headers } of written) expect([status, headers.get("allow")]).toEqual([405, "GET"]);
    expect((await call("GET", zone)).body.result).toMatchObject({ paused: false });
  });
});
