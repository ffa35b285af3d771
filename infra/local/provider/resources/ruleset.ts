/** cloudflare.Ruleset (https://www.pulumi.com/registry/packages/cloudflare/api-docs/ruleset/). */
import { path } from "../calls.ts";
import { isValues, type ResourceFields, text, toBody, type Values } from "../fields.ts";
import type { Definition } from "../resource.ts";
import { ruleFields } from "./rule-fields.ts";

const fields: ResourceFields = {
  zoneId: { kind: "text", path: true, replaces: true },
  accountId: { kind: "text", path: true, replaces: true },
  kind: { kind: "text", required: true, replaces: true },
  name: { kind: "text", required: true, replaces: true },
  phase: { kind: "text", required: true, replaces: true },
  description: { ...text, initial: "" },
  rules: { kind: { list: { object: ruleFields } }, initial: [] },
  lastUpdated: { kind: "text", computed: "always" },
  version: { kind: "text", computed: "always" },
};

const scopeOf = ({ zoneId, accountId }: Values) =>
  zoneId === undefined ? path`/accounts/${accountId}` : path`/zones/${zoneId}`;

/** A skip rule logs by default; the real provider adds that before it sends the rule. */
function ruleOf(rule: unknown, before: unknown): unknown {
  if (!isValues(rule)) return rule;
  const ref = rule.ref ?? (isValues(before) ? before.ref : undefined);
  return {
    ...rule,
    ...(rule.action === "skip" && rule.logging === undefined ? { logging: { enabled: true } } : {}),
    ...(ref === undefined ? {} : { ref }),
  };
}

/** A rule that was given no ref keeps the one that the server chose, by its place. */
function bodyOf(inputs: Values, outputs?: Values): object {
  const before: unknown[] = Array.isArray(outputs?.rules) ? outputs.rules : [];
  const rules = Array.isArray(inputs.rules) ? inputs.rules.map((rule, index) => ruleOf(rule, before[index])) : [];
  return toBody(fields, { ...inputs, rules });
}

export const ruleset: Definition = {
  type: "cloudflare:index/ruleset:Ruleset",
  fields,
  validate: ({ zoneId, accountId }) =>
    (zoneId === undefined) === (accountId === undefined)
      ? [{ property: "zoneId", reason: "a ruleset has either a zoneId or an accountId" }]
      : [],
  create: (inputs) => ({
    method: "POST",
    path: `${scopeOf(inputs)}/rulesets`,
    body: bodyOf(inputs),
  }),
  idOf: (_inputs, result) => String(result.id),
  read: (id, inputs) => ({
    method: "GET",
    path: `${scopeOf(inputs)}${path`/rulesets/${id}`}`,
  }),
  update: (id, inputs, { outputs }) => ({
    method: "PUT",
    path: `${scopeOf(inputs)}${path`/rulesets/${id}`}`,
    body: bodyOf(inputs, outputs),
  }),
  remove: (id, inputs) => ({
    method: "DELETE",
    path: `${scopeOf(inputs)}${path`/rulesets/${id}`}`,
  }),
  importId: {
    form: "zones/<zone id>/<ruleset id> or accounts/<account id>/<ruleset id>",
    parse(id) {
      const [, scope, owner, ruleset] = /^(zones|accounts)\/([^/]+)\/([^/]+)$/.exec(id) ?? [];
      if (owner === undefined || ruleset === undefined) return undefined;
      return { id: ruleset, inputs: scope === "zones" ? { zoneId: owner } : { accountId: owner } };
    },
  },
};
