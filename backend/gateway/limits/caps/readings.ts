import type { ServerTimes } from "../server-times.ts";
import type { HistoryBudget } from "./byte-budget.ts";
import type { Connections } from "./connections.ts";
import type { HttpBacklog } from "./http-backlog.ts";
import type { CapReading, CapTable } from "./table.ts";
import type { UnfinishedBytes } from "./unfinished-bytes.ts";
import type { UnsentBytes } from "./unsent-bytes.ts";
import type { WithoutSession } from "./without-session.ts";

export interface CapSources {
  readonly caps: CapTable;
  readonly times: ServerTimes;
  readonly connections: Connections;
  readonly withoutSession: WithoutSession;
  readonly backlog: HttpBacklog;
  readonly unsent: UnsentBytes;
  readonly messages: { readonly fragmented: number; readonly unfinished: number };
  readonly unfinishedBytes: UnfinishedBytes;
  readonly upgrades: { readonly open: number; readonly refused: number; readonly refusedHandshakes: number };
  /** Requests of one address in the time that a limit of handshakes holds for. */
  readonly handshakes: number;
  readonly history: HistoryBudget;
  readonly namespaces: {
    /** Sockets in namespaces other than the main one. */
    readonly open: number;
    readonly anonymous: { readonly used: number; readonly refused: number };
    readonly full: number;
  };
  readonly streams: {
    readonly streams: { readonly used: number; readonly refused: number };
    readonly bodyBytes: { readonly used: number; readonly refused: number };
  };
}

/** All caps, by the names that they have at `/metrics`. */
export function readCaps(of: CapSources): readonly CapReading[] {
  const { caps, times, withoutSession, unsent, backlog } = of;
  const seconds = (milliseconds: number) => ({ seconds: milliseconds / 1000 });
  return [
    { cap: "sockets", limits: caps.sockets, used: of.upgrades.open, refused: of.upgrades.refused },
    {
      cap: "sockets_without_session",
      limits: { ...caps.socketsWithoutSession },
      used: withoutSession.used,
      refused: withoutSession.refused,
    },
    { cap: "anonymous_sockets", limits: { ...caps.anonymousSockets }, ...of.namespaces.anonymous },
    {
      cap: "namespaces",
      limits: { ...caps.namespaces },
      used: of.namespaces.open,
      refused: of.namespaces.full,
    },
    { cap: "session_time", limits: seconds(times.authenticationMs), refused: withoutSession.timedOut },
    {
      cap: "bytes_without_session",
      limits: caps.bytesWithoutSession,
      used: withoutSession.bytes,
      refused: withoutSession.refusedBytes,
    },
    { cap: "handshakes", limits: { address: of.handshakes }, refused: of.upgrades.refusedHandshakes },
    {
      cap: "fragments",
      limits: { message: caps.fragments, message_reads: caps.readsOfMessage },
      refused: of.messages.fragmented,
    },
    { cap: "message_time", limits: seconds(times.messageMs), refused: of.messages.unfinished },
    {
      cap: "unfinished_bytes",
      limits: caps.unfinishedBytes,
      used: of.unfinishedBytes.used,
      refused: of.unfinishedBytes.refused,
    },
    { cap: "unsent_bytes", limits: caps.unsentBytes, used: unsent.used, refused: unsent.refused },
    { cap: "unread_connections", limits: seconds(times.readingMs), used: unsent.connections, refused: unsent.timedOut },
    { cap: "history_bytes", limits: of.history.limits, refused: of.history.refused },
    { cap: "pipelined_requests", limits: { connection: caps.pipelined }, ...backlog.pipelined },
    {
      cap: "request_bodies",
      limits: { ...caps.bodies },
      used: backlog.bodies.used,
      refused: backlog.bodies.refused,
    },
    { cap: "streams", limits: caps.streams, ...of.streams.streams },
    { cap: "body_bytes", limits: caps.bodyBytes, ...of.streams.bodyBytes },
    {
      cap: "http_connections",
      limits: caps.connections,
      used: of.connections.used,
      refused: of.connections.refused,
    },
  ];
}
