/** cloudflare.ZoneSetting (https://www.pulumi.com/registry/packages/cloudflare/api-docs/zonesetting/). */
import { path } from "../calls.ts";
import { type Fields, flag, sameValue, toBody, type Values } from "../fields.ts";
import { type Definition, importIdOf } from "../resource.ts";

const fields: Fields = {
  zoneId: { kind: "text", path: true, required: true, replaces: true },
  settingId: { kind: "text", path: true, required: true, replaces: true },
  value: { kind: "any", required: true },
  enabled: { ...flag, computed: "optional" },
  editable: { kind: "flag", computed: "always" },
  modifiedOn: { kind: "text", computed: "always" },
  timeRemaining: { kind: "number", computed: "always" },
};

const permission = "Zone Settings Write";
const pathOf = ({ zoneId, settingId }: Values) => path`/zones/${zoneId}/settings/${settingId}`;

export const zoneSetting: Definition = {
  type: "cloudflare:index/zoneSetting:ZoneSetting",
  fields,
  create: (inputs) => ({ method: "PATCH", path: pathOf(inputs), body: toBody(fields, inputs), permission }),
  idOf: ({ settingId }) => String(settingId),
  read: (_id, inputs) => ({ method: "GET", path: pathOf(inputs), permission: "Zone Settings Read" }),
  // only what changed is sent
  update: (_id, inputs, { inputs: before }) => ({
    method: "PATCH",
    path: pathOf(inputs),
    body: toBody(
      fields,
      Object.fromEntries(Object.entries(inputs).filter(([name, value]) => !sameValue(value, before[name]))),
    ),
    permission,
  }),
  remove: (id) => `The zone setting ${id} cannot be deleted: it keeps its value. Nothing was sent to Cloudflare.`,
  importId: importIdOf("<zone id>/<setting id>", ["zoneId", "settingId"]),
};
