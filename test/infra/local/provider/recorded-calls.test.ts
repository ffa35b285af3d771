/**
 * What the real provider sent and made of the responses, and that ours does the same (how it was recorded is in
 * corpus/provider-calls.json).
 */
import { describe, expect, test } from "@jest/globals";
import { createProvider, type ResourceType } from "../../../../infra/local/provider/index.ts";
import { type RecordedCall, recording, withReplay } from "./replay.ts";

const { phases, resources } = recording;

/** Types of the recording that our table does not have: the program declares none of them. */
const notHere = [
  "cloudflare:index/managedTransforms:ManagedTransforms",
  "cloudflare:index/notificationPolicy:NotificationPolicy",
  "cloudflare:index/notificationPolicyWebhooks:NotificationPolicyWebhooks",
  "cloudflare:index/turnstileWidget:TurnstileWidget",
];

/** Types of our table that no recording has; unrecorded-calls.test.ts has their calls. */
const unrecorded = ["cloudflare:index/zone:Zone"];

function providerAt(baseURL: string) {
  return createProvider({ apiToken: "recorded", baseURL });
}

function typeAt(baseURL: string, type: string): ResourceType {
  const found = providerAt(baseURL).resource(type);
  if (!found) throw new Error(`no ${type}`);
  return found;
}

/** A list is made with its items, which are written, waited for and read in calls of their own. */
const CALLS_OF_LIST = { create: 4, read: 2, update: 4 } as const;
const callsFor = (type: string, what: keyof typeof CALLS_OF_LIST): number =>
  type === "cloudflare:index/list:List" ? CALLS_OF_LIST[what] : 1;

/** Each call must be in the recorded phase, with the same body. */
function expectRecorded(calls: readonly RecordedCall[], phase: readonly RecordedCall[]): void {
  for (const { method, path, body } of calls) {
    const candidates = phase.filter((call) => call.method === method && call.path === path).map((call) => call.body);
    expect(candidates).toContainEqual(body);
  }
}

/** The recorder has requests under the response of its own stand-in: two creations share a path. */
function answering(phase: readonly RecordedCall[], inputs: Record<string, unknown>): RecordedCall[] {
  const named = phase.filter(({ result }) => (result as { name?: unknown } | undefined)?.name === inputs.name);
  return [...named, ...phase];
}

test("every type of the recording is in the table or in the list of those that are not, and the other way round", () => {
  const { types } = providerAt("http://127.0.0.1:1");
  const recorded = [...new Set(resources.map(({ type }) => type))];
  expect([...recorded, ...unrecorded].sort()).toEqual([...types, ...notHere].sort());
});

describe.each(resources.filter(({ type }) => !notHere.includes(type)))(
  "$name",
  ({ id, type, inputs, inputsAfterChange, outputs }) => {
    test("is created by the recorded call, with the recorded outputs", async () => {
      await withReplay(answering(phases.up, inputs), async (baseURL, calls) => {
        const resource = typeAt(baseURL, type);
        expect(resource.check(inputs)).toEqual([]);
        expect(await resource.create(inputs)).toEqual({ id, outputs });
        expect(calls).toHaveLength(callsFor(type, "create"));
        expectRecorded(calls, phases.up);
      });
    });

    test("is refreshed by the recorded call, and nothing has changed", async () => {
      await withReplay(phases.refresh, async (baseURL, calls) => {
        const resource = typeAt(baseURL, type);
        const read = await resource.read(id, inputs, outputs);
        expect(read).toEqual({ id, inputs: expect.anything(), outputs });
        expect(resource.diff(id, read?.inputs ?? {}, inputs)).toEqual({ changed: [], replaces: [] });
        expect(calls).toHaveLength(callsFor(type, "read"));
        expectRecorded(calls, phases.refresh);
      });
    });

    test("is deleted by the recorded call, or by none where making it warned", async () => {
      await withReplay(phases.destroy, async (baseURL, calls) => {
        const resource = typeAt(baseURL, type);
        await resource.delete(id, inputs);
        expect(calls).toHaveLength(resource.warning === undefined ? 1 : 0);
        expectRecorded(calls, phases.destroy);
        expect(resource.warning !== undefined).toBe(/ZoneSetting|TunnelCloudflaredConfig/.test(type));
      });
    });

    if (inputsAfterChange) {
      test("is changed by the recorded call", async () => {
        await withReplay(phases["up after the change"], async (baseURL, calls) => {
          const resource = typeAt(baseURL, type);
          const { changed, replaces } = resource.diff(id, inputs, inputsAfterChange);
          expect([changed.length, replaces]).toEqual([1, []]);
          await resource.update(id, inputs, inputsAfterChange, outputs);
          expect(calls).toHaveLength(callsFor(type, "update"));
          expectRecorded(calls, phases["up after the change"]);
        });
      });
    }
  },
);

test("the look-ups make the recorded calls", async () => {
  await withReplay(phases.preview, async (baseURL, calls) => {
    const zone = await providerAt(baseURL).invoke("cloudflare:index/getZone:getZone", {
      filter: { name: "example.com" },
    });
    expect(zone).toMatchObject({
      id: "<zone id>",
      zoneId: "<zone id>",
      name: "example.com",
      account: { id: "<account id>", name: "acme" },
      plan: { legacyId: "pro", isSubscribed: true },
      nameServers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
    });
    expect(calls.map(({ path }) => path)).toEqual(["/zones?name=example.com", "/zones/<zone id>"]);
  });
  await withReplay(phases.up, async (baseURL) => {
    const args = { accountId: "<account id>", tunnelId: "<tunnel id>" };
    const token = "cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken";
    expect(await providerAt(baseURL).invoke(token, args)).toEqual({ ...args, token: "<token>" });
  });
});
