/** Zone settings (https://developers.cloudflare.com/api/resources/zones/subresources/settings/). */
import { isDeepStrictEqual } from "node:util";
import { invalid } from "../errors.ts";
import { zoneOf } from "../http/handler-call.ts";
import type { ApiRoute, HandlerCall } from "../http/router.ts";
import { isObject } from "../shape.ts";
import type { StoredZone } from "../state.ts";
import { isEditable, type SettingRule, settingRule, settingRules, settingValue } from "../zone-settings.ts";

function shownSetting(zone: StoredZone, id: string, rule: SettingRule) {
  return {
    id,
    value: settingValue(zone, id, rule),
    editable: isEditable(rule, zone),
    modified_on: zone.settings[id]?.modified_on ?? null,
  };
}

function ruleOf(call: HandlerCall): { id: string; rule: SettingRule } {
  const id = call.params.setting ?? "";
  const rule = settingRule(id);
  if (!rule) throw invalid(1006, `Unrecognized zone setting name ${id.slice(0, 100)}`);
  return { id, rule };
}

function editSetting(call: HandlerCall) {
  call.requirePermission("Zone Settings Write");
  const zone = zoneOf(call);
  const { id, rule } = ruleOf(call);
  // an empty body is refused too: pulumi-cloudflare#1319
  const invalidValue = () => invalid(1007, `Invalid value for zone setting ${id}`, "/value");
  if (!isObject(call.body) || !Object.hasOwn(call.body, "value")) throw invalidValue();
  if (Object.keys(call.body).some((key) => !["id", "value", "enabled"].includes(key))) throw invalidValue();
  if (rule.shape(call.body.value, "/value")) throw invalidValue();
  const before = settingValue(zone, id, rule);
  const value = merged(before, call.body.value);
  // the numeric code of a setting that the zone cannot change is ours
  if (!isEditable(rule, zone)) {
    const reason = rule.needsAdvancedCertificates ? "without Advanced Certificate Manager" : `on the ${zone.plan} plan`;
    throw invalid(1015, `Not allowed to edit setting for ${id}: it cannot be set as it is read only ${reason}`);
  }
  if (rule.allows?.(value, zone.plan) === false) throw invalidValue();
  if (!isDeepStrictEqual(before, value) || !zone.settings[id]) {
    zone.settings[id] = { value, modified_on: call.clock.timestamp() };
    call.reportChange({ kind: "zone", id: zone.id });
  }
  return { result: shownSetting(zone, id, rule) };
}

/** Members that a PATCH leaves out keep their value, at every depth: `security_header` can be changed in part. */
function merged(before: unknown, given: unknown): unknown {
  if (!isObject(before) || !isObject(given)) return given;
  const members = Object.entries(given).map(([key, value]) => [key, merged(before[key], value)] as const);
  return { ...before, ...Object.fromEntries(members) };
}

export const zoneSettingRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: "/zones/:zone/settings",
    handle(call) {
      call.requirePermission("Zone Settings Read");
      const zone = zoneOf(call);
      return { result: Object.entries(settingRules).map(([id, rule]) => shownSetting(zone, id, rule)) };
    },
  },
  {
    method: "GET",
    path: "/zones/:zone/settings/:setting",
    handle(call) {
      call.requirePermission("Zone Settings Read");
      const zone = zoneOf(call);
      const { id, rule } = ruleOf(call);
      return { result: shownSetting(zone, id, rule) };
    },
  },
  { method: "PATCH", path: "/zones/:zone/settings/:setting", body: "required", handle: editSetting },
];
