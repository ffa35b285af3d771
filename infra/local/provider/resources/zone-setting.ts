/** cloudflare.ZoneSetting (https://www.pulumi.com/registry/packages/cloudflare/api-docs/zonesetting/). */
import { path } from "../calls.ts";
import { flag, isValues, type ResourceFields, sameValue, toBody, type Values } from "../fields.ts";
import { type Definition, importIdOf } from "../resource.ts";

const fields: ResourceFields = {
  zoneId: { kind: "text", path: true, required: true, replaces: true },
  settingId: { kind: "text", path: true, required: true, replaces: true },
  value: { kind: "any", required: true },
  enabled: { ...flag, computed: "optional" },
  editable: { kind: "flag", computed: "always" },
  modifiedOn: { kind: "text", computed: "always" },
  timeRemaining: { kind: "number", computed: "always" },
};

const pathOf = ({ zoneId, settingId }: Values) => path`/zones/${zoneId}/settings/${settingId}`;

/** The members of an object that changed, at every depth: Cloudflare keeps the others. Another value as it is. */
function changedMembers(value: unknown, before: unknown): unknown {
  if (!isValues(value) || !isValues(before)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) =>
      sameValue(member, before[name]) ? [] : [[name, changedMembers(member, before[name])]],
    ),
  );
}

export const zoneSetting: Definition = {
  type: "cloudflare:index/zoneSetting:ZoneSetting",
  fields,
  create: (inputs) => ({ method: "PATCH", path: pathOf(inputs), body: toBody(fields, inputs) }),
  idOf: ({ settingId }) => String(settingId),
  read: (_id, inputs) => ({ method: "GET", path: pathOf(inputs) }),
  // only what changed is sent
  update: (_id, inputs, { inputs: before }) => ({
    method: "PATCH",
    path: pathOf(inputs),
    body: toBody(
      fields,
      Object.fromEntries(
        Object.entries(inputs).flatMap(([name, value]) =>
          sameValue(value, before[name]) ? [] : [[name, changedMembers(value, before[name])]],
        ),
      ),
    ),
  }),
  importId: importIdOf("<zone id>/<setting id>", ["zoneId", "settingId"]),
};
