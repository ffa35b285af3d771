/**
 * cloudflare.ZeroTrustTunnelCloudflaredConfig
 * (https://www.pulumi.com/registry/packages/cloudflare/api-docs/zerotrusttunnelcloudflaredconfig/).
 */
import { path } from "../calls.ts";
import { type ResourceFields, text, toBody, type Values } from "../fields.ts";
import { type Definition, importIdOf } from "../resource.ts";

/** The one part of the API whose names are camelCase. Durations are whole seconds. */
const originRequest: ResourceFields = {
  access: {
    kind: {
      object: {
        audTags: { kind: { list: "text" }, wire: "audTag", required: true },
        teamName: { kind: "text", wire: "teamName", required: true },
        required: { kind: "flag", wire: "required" },
      },
    },
  },
  caPool: { kind: "text", wire: "caPool" },
  connectTimeout: { kind: "number", wire: "connectTimeout" },
  disableChunkedEncoding: { kind: "flag", wire: "disableChunkedEncoding" },
  http2Origin: { kind: "flag", wire: "http2Origin" },
  httpHostHeader: { kind: "text", wire: "httpHostHeader" },
  keepAliveConnections: { kind: "number", wire: "keepAliveConnections" },
  keepAliveTimeout: { kind: "number", wire: "keepAliveTimeout" },
  matchSnItoHost: { kind: "flag", wire: "matchSNItoHost" },
  noHappyEyeballs: { kind: "flag", wire: "noHappyEyeballs" },
  noTlsVerify: { kind: "flag", wire: "noTLSVerify" },
  originServerName: { kind: "text", wire: "originServerName" },
  proxyType: { kind: "text", wire: "proxyType" },
  tcpKeepAlive: { kind: "number", wire: "tcpKeepAlive" },
  tlsTimeout: { kind: "number", wire: "tlsTimeout" },
};

const origin = { kind: { object: originRequest }, wire: "originRequest" } as const;

const fields: ResourceFields = {
  accountId: { kind: "text", path: true, required: true, replaces: true },
  tunnelId: { kind: "text", path: true, required: true, replaces: true },
  config: {
    kind: {
      object: {
        ingresses: {
          kind: {
            list: {
              object: { hostname: text, path: text, service: { kind: "text", required: true }, originRequest: origin },
            },
          },
          wire: "ingress",
        },
        originRequest: origin,
      },
    },
    computed: "optional",
  },
  source: { kind: "text", computed: "optional" },
  createdAt: { kind: "text", computed: "always" },
  version: { kind: "number", computed: "always" },
};

const pathOf = ({ accountId, tunnelId }: Values) => path`/accounts/${accountId}/cfd_tunnel/${tunnelId}/configurations`;
const put = (inputs: Values) => ({ method: "PUT", path: pathOf(inputs), body: toBody(fields, inputs) }) as const;

export const tunnelConfig: Definition = {
  type: "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig",
  fields,
  create: put,
  idOf: ({ tunnelId }) => String(tunnelId),
  read: (_id, inputs) => ({ method: "GET", path: pathOf(inputs) }),
  update: (_id, inputs) => put(inputs),
  importId: importIdOf("<account id>/<tunnel id>", ["accountId", "tunnelId"]),
};
