/**
 * cloudflare.ZeroTrustTunnelCloudflared
 * (https://www.pulumi.com/registry/packages/cloudflare/api-docs/zerotrusttunnelcloudflared/).
 */
import { path } from "../calls.ts";
import { flag, type ResourceField, type ResourceFields, text, toBody, type Values } from "../fields.ts";
import { type Definition, importIdOf } from "../resource.ts";

const server: ResourceField = { kind: "text", computed: "always" };

const connection: ResourceFields = {
  id: text,
  uuid: text,
  clientId: text,
  clientVersion: text,
  coloName: text,
  originIp: text,
  openedAt: text,
  isPendingReconnect: flag,
};

const fields: ResourceFields = {
  accountId: { kind: "text", path: true, required: true, replaces: true },
  name: { kind: "text", required: true },
  configSrc: { kind: "text", replaces: true, initial: "local" },
  tunnelSecret: text,
  accountTag: server,
  status: server,
  createdAt: server,
  deletedAt: server,
  connsActiveAt: server,
  connsInactiveAt: server,
  tunType: server,
  remoteConfig: { kind: "flag", computed: "always" },
  metadata: { kind: "json", computed: "always" },
  connections: { kind: { list: { object: connection } }, computed: "always" },
};

const pathOf = (id: string, { accountId }: Values) => path`/accounts/${accountId}/cfd_tunnel/${id}`;

/**
 * A tunnel that was deleted elsewhere can still be read by its id, with `deletedAt`. Like the real provider, this one
 * treats it as existing.
 */
export const tunnel: Definition = {
  type: "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
  fields,
  secretOutputs: ["tunnelSecret"],
  create: (inputs) => ({
    method: "POST",
    path: path`/accounts/${inputs.accountId}/cfd_tunnel`,
    body: toBody(fields, inputs),
  }),
  idOf: (_inputs, result) => String(result.id),
  read: (id, inputs) => ({ method: "GET", path: pathOf(id, inputs) }),
  // only what changed is sent
  update: (id, inputs, { inputs: before }) => ({
    method: "PATCH",
    path: pathOf(id, inputs),
    body: toBody(
      fields,
      Object.fromEntries(
        ["name", "tunnelSecret"].filter((name) => inputs[name] !== before[name]).map((name) => [name, inputs[name]]),
      ),
    ),
  }),
  remove: (id, inputs) => ({ method: "DELETE", path: pathOf(id, inputs) }),
  importId: importIdOf("<account id>/<tunnel id>", ["accountId", null]),
};
