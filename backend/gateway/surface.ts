import type { FeatureSurface } from "../surface/feature-surface.ts";
import { constant, object, optional, string, unbounded } from "../surface/grammar.ts";

/** The gateway's own part of the surface, which no feature declares. */

/** Where Socket.IO listens: websocket transport only. */
export const SOCKET_PATH = "/socket.io/";

const text = unbounded.string();
const anyObject = unbounded.object();
/** Characters of the ids of 25 connectors, which is the most that a tunnel has, with a comma between two. */
const MAX_CONNECTORS_LENGTH = 25 * 37 - 1;
/** The OpenAPI document itself. */
const openApiDocument = object({
  openapi: text,
  info: anyObject,
  servers: unbounded.array(anyObject),
  paths: anyObject,
  components: anyObject,
  "x-socket": anyObject,
});

export const gatewaySurface = {
  http: [
    {
      method: "GET",
      path: "/api/openapi.json",
      action: "gateway.openapi",
      summary: "Read this document",
      access: "public",
      rate: "read",
      bodyLimit: 0,
      params: {},
      returns: openApiDocument,
    },
    {
      method: "GET",
      path: "/api/health",
      action: "gateway.health",
      summary: "Ask whether the site serves requests",
      about:
        "It says that the gateway serves requests, not that the database works: /health/ready at the backend's " +
        "INTERNAL_PORT says that. Of the connectors that the request names, the response names the one that carried " +
        "it, so that an operator can check each of them. It names no other.",
      access: "public",
      rate: "read",
      bodyLimit: 0,
      params: {
        connectors: optional(
          string({ min: 1, max: MAX_CONNECTORS_LENGTH, description: "Ids of connectors, separated by commas." }),
        ),
      },
      returns: object({
        healthy: constant(true),
        connector: optional(unbounded.string({ description: "Missing where it is none of those that were named." })),
      }),
    },
  ],
  emits: {
    drain: {
      about: "The server closes this connection, because it stops: connect again after so many milliseconds.",
      payload: object({ retryAfter: unbounded.integer({ description: "Milliseconds." }) }),
    },
  },
  events: {
    /** Within one node: the database may have entries that were not broadcast to this node. */
    "nodes.gap": { payload: object({}) },
    /** Within one node: another node has started again, and did not announce that it stops. */
    "nodes.restarted": { payload: object({}) },
  },
} as const satisfies FeatureSurface;
