/** DNS records (https://developers.cloudflare.com/api/resources/dns/subresources/records/). */

import { selectRecords } from "../dns/filter.ts";
import { assertNoConflict, type RecordInput, recordContent, recordName, recordShape } from "../dns/record.ts";
import { ApiError, notFound } from "../errors.ts";
import { bodyOf, zoneOf } from "../http/handler-call.ts";
import { paged } from "../http/paging.ts";
import type { ApiRoute, HandlerCall } from "../http/router.ts";
import { newId } from "../ids.ts";
import type { DnsRecord, StoredZone } from "../state.ts";

function inputOf(call: HandlerCall, base?: DnsRecord): RecordInput {
  const body = bodyOf(
    call,
    recordShape(base),
    ({ pointer, message }) =>
      new ApiError(400, {
        code: 1004,
        message: `DNS Validation Error: ${pointer || "/"} ${message}`,
        source: { pointer },
      }),
  );
  return { ...base, ...body } as RecordInput;
}

function write(call: HandlerCall, zone: StoredZone, input: RecordInput, before?: DnsRecord): DnsRecord {
  const now = call.clock.timestamp();
  const name = recordName(input.name, zone.name);
  const { content, data, proxiable } = recordContent(input);
  const comment = input.comment ?? null;
  const tags = input.tags ?? [];
  const commented = comment === (before?.comment ?? null) ? before?.comment_modified_on : now;
  const tagged = tags.join() === (before?.tags ?? []).join() ? before?.tags_modified_on : now;
  const record: DnsRecord = {
    id: before?.id ?? newId(),
    name,
    type: input.type,
    content,
    proxiable,
    proxied: input.proxied ?? false,
    // a proxied record has no ttl of its own
    ttl: input.proxied ? 1 : (input.ttl ?? 1),
    ...(input.priority === undefined ? {} : { priority: input.priority }),
    ...(data === undefined ? {} : { data }),
    settings: input.settings ?? {},
    meta: {},
    comment,
    tags,
    created_on: before?.created_on ?? now,
    modified_on: now,
    ...(commented === undefined ? {} : { comment_modified_on: commented }),
    ...(tagged === undefined ? {} : { tags_modified_on: tagged }),
  };
  assertNoConflict(record, zone.records);
  zone.records = before
    ? zone.records.map((other) => (other.id === before.id ? record : other))
    : [...zone.records, record];
  call.reportChange({ kind: "zone", id: zone.id });
  return record;
}

function recordOf(call: HandlerCall, zone: StoredZone): DnsRecord {
  const record = zone.records.find(({ id }) => id === call.params.record);
  if (!record) throw notFound(81044, "Record does not exist.");
  return record;
}

export const dnsRecordRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: "/zones/:zone/dns_records",
    handle(call) {
      call.requirePermission("DNS Read");
      return paged(selectRecords(zoneOf(call).records, call.query), call.query, { default: 100, max: 5_000_000 });
    },
  },
  {
    method: "POST",
    path: "/zones/:zone/dns_records",
    body: "required",
    handle(call) {
      call.requirePermission("DNS Write");
      return { result: write(call, zoneOf(call), inputOf(call)) };
    },
  },
  {
    method: "GET",
    path: "/zones/:zone/dns_records/:record",
    handle(call) {
      call.requirePermission("DNS Read");
      return { result: recordOf(call, zoneOf(call)) };
    },
  },
  {
    method: "PUT",
    path: "/zones/:zone/dns_records/:record",
    body: "required",
    handle(call) {
      call.requirePermission("DNS Write");
      const zone = zoneOf(call);
      return { result: write(call, zone, inputOf(call), recordOf(call, zone)) };
    },
  },
  {
    method: "PATCH",
    path: "/zones/:zone/dns_records/:record",
    body: "required",
    handle(call) {
      call.requirePermission("DNS Write");
      const zone = zoneOf(call);
      const before = recordOf(call, zone);
      return { result: write(call, zone, inputOf(call, before), before) };
    },
  },
  {
    method: "DELETE",
    path: "/zones/:zone/dns_records/:record",
    handle(call) {
      call.requirePermission("DNS Write");
      const zone = zoneOf(call);
      const { id } = recordOf(call, zone);
      zone.records = zone.records.filter((record) => record.id !== id);
      call.reportChange({ kind: "zone", id: zone.id });
      return { result: { id } };
    },
  },
];
