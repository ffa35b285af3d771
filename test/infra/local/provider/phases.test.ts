/**
 * Our provider gets the requests that Pulumi's engine sent to the real one in each recorded phase, and makes the same
 * calls in the same order for each resource: creation, refresh, change, repair, import, faults, deletion.
 */
import { describe, expect, test } from "@jest/globals";
import { toOutputs, type Values } from "../../../../infra/local/provider/fields.ts";
import { createProvider, type Provider, type ResourceType } from "../../../../infra/local/provider/index.ts";
import { type CallRequest, objectAt, type PhaseCall, phases, withRecordedApi } from "./phases.ts";

/**
 * Objects that a phase imports, once for the preview and once for the update, and how often it refreshes them besides.
 * Everything else that is read is refreshed.
 */
const IMPORTED: Readonly<Record<string, readonly [path: RegExp, refreshes: number]>> = {
  "43-up": [/\/dns_records\//, 0],
  "55-after-lost": [/\/dns_records\/c47a8c09/, 0],
  "73-up": [/\/(dns_records|rulesets|cfd_tunnel)\/[^/]+$/, 0],
  "g3-up-adopted": [/\/dns_records\//, 2],
};

/** A place of the API, and how the provider names the object there. */
interface Place {
  readonly type: string;
  /** Inputs that are part of the path. */
  readonly inputs: Values;
  readonly id: string;
  readonly importId: string;
}

function placeOf(path: string): Place {
  const [, scope, owner = "", kind, id = "", part] = path.split("/");
  const names: Readonly<Record<string, string>> = {
    dns_records: "dnsRecord:DnsRecord",
    rulesets: "ruleset:Ruleset",
    settings: "zoneSetting:ZoneSetting",
    cfd_tunnel:
      part === "configurations"
        ? "zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig"
        : "zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
  };
  const own = part === "configurations" ? { tunnelId: id } : kind === "settings" ? { settingId: id } : {};
  return {
    type: `cloudflare:index/${names[kind ?? ""]}`,
    inputs: { ...(scope === "zones" ? { zoneId: owner } : { accountId: owner }), ...own },
    id,
    importId: kind === "rulesets" ? `zones/${owner}/${id}` : `${owner}/${id}`,
  };
}

/** What a program gives for a body: without what the provider or the server fills in. */
function inputsOf({ fields }: ResourceType, place: Place, body: unknown): Record<string, unknown> {
  const { tags: _tags, settings: _settings, source: _source, ...given } = toOutputs(fields, body);
  const inputs = Object.entries(given).filter(([name]) => fields[name]?.computed !== "always");
  const rules = Array.isArray(given.rules) ? { rules: given.rules.map(withoutEmptyParameters) } : {};
  return { ...Object.fromEntries(inputs), ...rules, ...place.inputs };
}

function withoutEmptyParameters(rule: Values): Values {
  const { actionParameters, ...others } = rule;
  return Object.keys(actionParameters ?? {}).length === 0 ? others : rule;
}

/** Calls of one object; a creation is one of its own. */
function byObject(calls: readonly PhaseCall[]): [string, PhaseCall[]][] {
  const groups = Map.groupBy(calls, ({ method, path, body }) =>
    method === "POST" ? `${path} ${String(body?.phase ?? body?.name)}` : path,
  );
  return [...groups];
}

/** Does with our provider what the engine did with the real one. */
async function replay(provider: Provider, phase: string, [first, ...others]: readonly PhaseCall[]): Promise<void> {
  if (first === undefined) return;
  const { path } = first;
  const calls = [first, ...others];
  if (path.endsWith("/token")) {
    const [, , accountId, , tunnelId] = path.split("/");
    const token = "cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken";
    for (const _call of calls) await provider.invoke(token, { accountId, tunnelId });
    return;
  }
  const place = placeOf(path);
  const resource = provider.resource(place.type);
  if (resource === undefined) throw new Error(`no ${place.type}`);
  const before = inputsOf(resource, place, objectAt(path, phase));
  const reads = calls.filter(({ method }) => method === "GET").length;
  const [imported, refreshes] = IMPORTED[phase] ?? [/^$/, 0];
  const isImported = imported.test(path);
  let outputs: Values | undefined;
  for (let count = 0; count < (isImported ? refreshes : reads); count += 1) {
    outputs = (await resource.read(place.id, before))?.outputs;
  }
  if (isImported) for (const _run of ["preview", "update"]) outputs = (await resource.read(place.importId))?.outputs;

  const write = calls.find(({ method }) => method === "POST" || method === "PUT" || method === "PATCH");
  if (write) {
    const after = { ...before, ...inputsOf(resource, place, write.body) };
    expect(resource.check(after)).toEqual([]);
    const written =
      reads === 0 ? resource.create(after) : resource.update(place.id, changedFrom(before, after), after, outputs);
    const failed = await written.then(
      () => false,
      () => true,
    );
    expect(failed).toBe((calls.at(-1)?.status ?? 0) >= 400);
  }
  if (calls.some(({ method }) => method === "DELETE")) await resource.delete(place.id, before);
}

/** The recording does not have the value that a setting had before. */
function changedFrom(before: Values, after: Values): Values {
  return "settingId" in after ? { ...before, value: "before" } : before;
}

describe.each(phases.filter(([, calls]) => calls.length > 0))("%s", (phase, calls) => {
  test.each(byObject(calls))("%s", async (_object, recorded) => {
    const sent = await withRecordedApi([phase, calls], async (baseURL, sentCalls) => {
      const wait = async () => undefined;
      await replay(createProvider({ apiToken: "recorded", baseURL, wait }), phase, recorded);
      return sentCalls;
    });
    const expected = recorded.map(
      ({ method, path, body }): CallRequest => (body === undefined ? { method, path } : { method, path, body }),
    );
    expect(sent).toEqual(expected);
  });
});

test("the recording has every phase, and each kind of call", () => {
  expect(phases).toHaveLength(32);
  const kinds = new Set(phases.flatMap(([, calls]) => calls.map(({ method, status }) => `${method} ${status}`)));
  expect([...kinds].sort()).toEqual([
    "DELETE 200",
    "DELETE 204",
    "GET 200",
    "GET 404",
    "PATCH 200",
    "POST 200",
    "POST 400",
    "PUT 200",
    "PUT 403",
    "PUT 429",
    "PUT 500",
  ]);
});
