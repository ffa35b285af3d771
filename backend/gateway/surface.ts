import type { FeatureSurface } from "../surface/feature-surface.ts";
import { object, unbounded } from "../surface/grammar.ts";

/** The gateway's own part of the surface, which no feature declares. */

/** Where Socket.IO listens: websocket transport only. */
export const SOCKET_PATH = "/socket.io/";

const text = unbounded.string();
const anyObject = unbounded.object();
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
