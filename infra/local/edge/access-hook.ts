import type { Visitor } from "../../rules/index.ts";
import type { AccessRequest, AccessResponse, FormWanted } from "../access/index.ts";
import { isLocalConnection } from "./local-visitor.ts";
import { type EdgePage, page } from "./pages.ts";
import type { EdgeFailure } from "./record.ts";
import type { ArrivedRequest, FormRequest, LocalResponse, RequestSummary } from "./request-decision.ts";
import type { RequestTarget } from "./target.ts";

/** The request as Access gets it. */
export function accessRequestOf(
  { request, lines, client, time }: ArrivedRequest,
  { authority, host, uri }: RequestTarget,
  visitor: Visitor | undefined,
): AccessRequest {
  const country = visitor?.fields?.["ip.src.country"];
  return {
    method: request.method ?? "",
    host: host.toLowerCase().replace(/\.$/, ""),
    authority,
    uri,
    headers: lines,
    ip: visitor?.ip ?? client,
    ...(typeof country === "string" && { country }),
    time,
    isLocal: isLocalConnection(request.socket, lines),
  };
}

/** What Access responds, as the edge sends it. */
export function respondWith(response: AccessResponse, seen: RequestSummary, arrival: ArrivedRequest): LocalResponse {
  const failure: EdgeFailure | undefined =
    response.kind === "page" && response.reason !== undefined
      ? { code: response.status, message: response.reason }
      : undefined;
  return { kind: "respond", ...seen, page: pageOf(response, arrival), ...(failure && { failure }) };
}

/** A form of Access, whose body the listener reads. */
export const formOf = (
  { maxBytes, finish }: FormWanted,
  seen: RequestSummary,
  arrival: ArrivedRequest,
): FormRequest => ({
  kind: "form",
  ...seen,
  maxBytes,
  finish: (body) =>
    body === undefined
      ? { kind: "respond", ...seen, page: page("tooLarge", arrival) }
      : respondWith(finish(body), seen, arrival),
});

function pageOf(response: AccessResponse, arrival: ArrivedRequest): EdgePage {
  if (response.kind === "answer") return response;
  const { headers = [] } = response;
  if (response.kind === "redirect")
    return page("moved", arrival, { status: 302, headers: [["Location", response.location], ...headers] });
  return page("access", arrival, { status: response.status, text: response.text, headers });
}
