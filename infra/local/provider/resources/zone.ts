/**
 * cloudflare.Zone (https://www.pulumi.com/registry/packages/cloudflare/api-docs/zone/). Unrecorded (Zone): the calls
 * follow Cloudflare's OpenAPI document. The API on localhost has zones to read and to import; it refuses to write them
 * (405).
 */
import { path } from "../calls.ts";
import { type ResourceField, type ResourceFields, sameValue, toBody, type Values } from "../fields.ts";
import { zoneFields } from "../functions/get-zone.ts";
import { type Definition, importIdOf } from "../resource.ts";

/** What the program may give; the rest is Cloudflare's. */
const inputs: ResourceFields = {
  account: { kind: { object: { id: { kind: "text" } } }, required: true, replaces: true },
  name: { kind: "text", required: true, replaces: true },
  paused: { kind: "flag", initial: false },
  type: { kind: "text", initial: "full" },
  vanityNameServers: { kind: { list: "text" }, computed: "optional" },
};

const server = (field: ResourceField): ResourceField => ({ ...field, computed: "always" });

const fields: ResourceFields = {
  ...Object.fromEntries(
    Object.entries(zoneFields).flatMap(([name, field]) => (name === "id" ? [] : [[name, server(field)]])),
  ),
  ...inputs,
};

const pathOf = (id: string) => path`/zones/${id}`;

export const zone: Definition = {
  type: "cloudflare:index/zone:Zone",
  fields,
  create: (given) => ({ method: "POST", path: "/zones", body: toBody(fields, { ...given, paused: undefined }) }),
  idOf: (_inputs, result) => String(result.id),
  read: (id) => ({ method: "GET", path: pathOf(id) }),
  // only what changed is sent
  update: (id, given, { inputs: before }) => ({
    method: "PATCH",
    path: pathOf(id),
    body: toBody(fields, changed(given, before)),
  }),
  remove: (id) => ({ method: "DELETE", path: pathOf(id) }),
  importId: importIdOf("<zone id>", [null]),
};

const changed = (given: Values, before: Values): Values =>
  Object.fromEntries(
    ["paused", "type", "vanityNameServers"]
      .filter((name) => !sameValue(given[name], before[name]))
      .map((name) => [name, given[name]]),
  );
