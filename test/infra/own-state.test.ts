import { expect, test } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { OwnStateError, readOwnState } from "../../infra/own-state.ts";

/** The result for a response of the engine, and the stack that was requested. */
async function knownWhere(answer: () => object, organization = "organization"): Promise<[unknown, unknown]> {
  let asked: unknown;
  const mocks: pulumi.runtime.Mocks = {
    call: ({ token, inputs }) => {
      expect(token).toBe("pulumi:pulumi:readStackResourceOutputs");
      asked = inputs.stackName;
      return answer();
    },
    newResource: () => ({ id: "", state: {} }),
  };
  await pulumi.runtime.setMocks(mocks, "causeway", "dev", false, organization);
  return [await readOwnState().catch((error: unknown) => error), asked];
}

const urn = (type: string, name: string, stack = "dev") => `urn:pulumi:${stack}::causeway::${type}::${name}`;
const TUNNEL = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";
const RECORD = "causeway:index:Dns$cloudflare:index/dnsRecord:DnsRecord";
const resource = (id?: string) => ({ type: "given in the URN too", outputs: id === undefined ? {} : { id } });

test("O2: the stack's own records, rulesets and tunnel are listed; components and what others declared are not", async () => {
  const outputs = {
    [urn("pulumi:pulumi:Stack", "causeway-dev")]: resource(),
    [urn("causeway:index:Tunnel", "tunnel")]: resource(),
    [urn(TUNNEL, "tunnel")]: resource("the operator's second tunnel"),
    [urn(RECORD, "chat.example.com")]: resource("record"),
    [urn("causeway:index:Rulesets$cloudflare:index/ruleset:Ruleset", "http_ratelimit")]: resource("ruleset"),
  };
  expect(await knownWhere(() => ({ outputs }))).toEqual([
    { "chat.example.com": "record", http_ratelimit: "ruleset" },
    "dev",
  ]);
  const deployed = { ...outputs, [urn(`causeway:index:Tunnel$${TUNNEL}`, "tunnel")]: resource("tunnel") };
  expect(await knownWhere(() => ({ outputs: deployed }), "acme")).toEqual([
    { "chat.example.com": "record", http_ratelimit: "ruleset", tunnel: "tunnel" },
    "acme/causeway/dev",
  ]);
});

test.each([
  [
    "cannot be read",
    () => {
      // as an error of gRPC
      throw Object.assign(new Error(), { details: "no passphrase" });
    },
    /no passphrase/,
  ],
  ["is no state", () => ({}), /gave no resources/],
  [
    "is another stack's",
    () => ({ outputs: { [urn(RECORD, "a.example.com", "prod")]: resource("1") } }),
    /another stack/,
  ],
  ["has a record without an id", () => ({ outputs: { [urn(RECORD, "a.example.com")]: resource() } }), /has no id/],
])("P0: a state that %s stops the run before anything is created", async (_name, answer, reason) => {
  const [error] = await knownWhere(answer);
  expect(error).toBeInstanceOf(OwnStateError);
  expect(String(error)).toMatch(/Nothing was created/);
  expect(String(error)).toMatch(reason);
});
