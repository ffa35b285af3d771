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
        audTags: { kind: { list: "text" }, apiName: "audTag", required: true },
        teamName: { kind: "text", apiName: "teamName", required: true },
        required: { kind: "flag", apiName: "required" },
      },
    },
  },
  caPool: { kind: "text", apiName: "caPool" },
  connectTimeout: { kind: "number", apiName: "connectTimeout" },
  disableChunkedEncoding: { kind: "flag", apiName: "disableChunkedEncoding" },
  http2Origin: { kind: "flag", apiName: "http2Origin" },
  httpHostHeader: { kind: "text", apiName: "httpHostHeader" },
  keepAliveConnections: { kind: "number", apiName: "keepAliveConnections" },
  keepAliveTimeout: { kind: "number", apiName: "keepAliveTimeout" },
  matchSnItoHost: { kind: "flag", apiName: "matchSNItoHost" },
  noHappyEyeballs: { kind: "flag", apiName: "noHappyEyeballs" },
  noTlsVerify: { kind: "flag", apiName: "noTLSVerify" },
  originServerName: { kind: "text", apiName: "originServerName" },
  proxyType: { kind: "text", apiName: "proxyType" },
  tcpKeepAlive: { kind: "number", apiName: "tcpKeepAlive" },
  tlsTimeout: { kind: "number", apiName: "tlsTimeout" },
};

const origin = { kind: { object: originRequest }, apiName: "originRequest" } as const;

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
          apiName: "ingress",
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
