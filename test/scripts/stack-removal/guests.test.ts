/** The guests of a zone whose owner is taken down, against the local API. */
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type LocalApi, startApi } from "../../../infra/local/api/index.ts";
import { stackOfMark } from "../../../infra/preflight/for-commands.ts";
import { accountFor } from "../../../scripts/cloudflare-account/account.ts";
import { guestLines, guestVerdict, readGuests } from "../../../scripts/stack-removal/guests.ts";
import { callApi } from "../../infra/local/api/client.ts";

let api: LocalApi;
beforeEach(async () => {
  api = await startApi({ seed: { zones: [{ name: "example.com" }] } });
});
afterEach(() => api.close());

test("guests are found where an interrupted run left the rules of the owner, and its state has none", async () => {
  const record = { type: "A", name: "staging.example.com", content: "192.0.2.1", ttl: 1 };
  const comment = "causeway causeway/staging";
  await callApi(api, "POST", `/zones/${api.zoneId}/dns_records`, { ...record, comment }, api.token);
  const account = accountFor({ apiToken: api.token, baseURL: api.url });
  const path = `/zones/${api.zoneId}/rulesets/1`;
  const left = [{ kind: "ruleset", name: "rules", id: "1", path }] as const;
  expect(await readGuests(account, "prod", [], left)).toEqual([
    { hostname: "staging.example.com", stack: "causeway/staging" },
  ]);
  expect(await readGuests(account, "prod", [], [])).toEqual([]);
});

test("a list of what `down` would do says that it is refused, unless the guests are left", () => {
  const guests = [{ hostname: "staging.example.com", stack: "causeway/staging" }];
  expect(guestVerdict(guests, false)).toEqual([expect.stringMatching(/^`down` is refused .*`--leave-guests`/)]);
  expect(guestVerdict(guests, true)).toEqual(["Their sites go on without any rule."]);
  expect(guestVerdict([], false)).toEqual([]);
});

test("what a record says cannot write to the operator's terminal", () => {
  expect(guestLines([{ hostname: "a\u001b[2J.example.com", stack: "causeway/x" }])).toContain(
    "  a?[2J.example.com  of the stack causeway/x",
  );
});

test("a comment that is no name of a stack is no mark: messages would print it in a command", async () => {
  for (const name of ["a/b;reboot", "a/\u001b[2J", "a/$(id)", "a/b c", "a/b/c", "a"])
    expect(stackOfMark(`causeway ${name}`)).toBeUndefined();
  expect(stackOfMark("causeway my.site_1/prod-2")).toBe("my.site_1/prod-2");
});
