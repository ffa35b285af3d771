/** Resources that an interrupted run left at Cloudflare, against the local API. */
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { type LocalApi, startApi } from "../../../infra/local/api/index.ts";
import { accountFor } from "../../../scripts/cloudflare-account/account.ts";
import type { Cli } from "../../../scripts/pulumi-cli/cli.ts";
import { assertNotInUse, lookForLeftBehind } from "../../../scripts/stack-removal/left-behind.ts";
import { callApi } from "../../infra/local/api/client.ts";

let api: LocalApi;
beforeEach(async () => {
  api = await startApi({ seed: { zones: [{ name: "example.com" }] } });
});
afterEach(() => api.close());

test("O2: a tunnel that has connectors was not left by an interrupted run", async () => {
  const tunnels = `/accounts/${api.accountId}/cfd_tunnel`;
  const { result } = (await callApi(api, "POST", tunnels, { name: "site", config_src: "cloudflare" }, api.token)).body;
  const left = [{ kind: "tunnel", name: "tunnel", id: result.id, path: `${tunnels}/${result.id}` }] as const;
  const account = accountFor({ apiToken: api.token, baseURL: api.url });
  await expect(assertNotInUse(account, "dev", left)).resolves.toBeUndefined();
  api.cloud.reportConnections(result.id, [
    {
      id: "connection",
      client_id: "client",
      client_version: "2026.8.2",
      colo_name: "LCL",
      origin_ip: "198.51.100.7",
      opened_at: "2026-11-29T10:00:00Z",
      is_pending_reconnect: false,
    },
  ]);
  await expect(assertNotInUse(account, "dev", left)).rejects.toThrow("another state of dev has this site");
});

test("where the account cannot be read, `down` goes on and says why, and not that nothing was created", async () => {
  const config = { "causeway:zone": { value: "example.com" }, "causeway:hostnames": { value: '["chat.example.com"]' } };
  const cli = { read: async () => ({ code: 0, output: JSON.stringify(config), errors: "" }) } as Partial<Cli> as Cli;
  const log = jest.spyOn(console, "log").mockImplementation(() => {});
  try {
    const token = api.issueToken(["Zone Read", "DNS Read"]);
    const found = await lookForLeftBehind(cli, accountFor({ apiToken: token, baseURL: api.url }), "prod", []);
    expect(found).toEqual([]);
    expect(log.mock.calls.join("\n")).toMatch(/could not be read:\n {2}permission: the API token may not/);
    expect(log.mock.calls.join("\n")).not.toMatch(/Nothing was created/);
  } finally {
    log.mockRestore();
  }
});
