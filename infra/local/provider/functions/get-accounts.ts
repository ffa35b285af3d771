/**
 * cloudflare.getAccounts (https://www.pulumi.com/registry/packages/cloudflare/api-docs/getaccounts/). Unrecorded
 * (getAccounts): the calls follow the types of Cloudflare's SDK, which reads page after page until one is empty.
 */
import type { Calls } from "../calls.ts";
import { type CheckFailure, checkInputs } from "../check.ts";
import { flag, number, type ResourceFields, text, toOutputs, type Values } from "../fields.ts";

const inputs: ResourceFields = { direction: text, maxItems: number, name: text };
const account: ResourceFields = {
  createdOn: text,
  id: text,
  managedBy: { kind: { object: { parentOrgId: text, parentOrgName: text } } },
  name: text,
  settings: { kind: { object: { abuseContactEmail: text, enforceTwofactor: flag } } },
  type: text,
};

/** The provider's own default. */
const MAX_ITEMS = 1000;

export const getAccounts = {
  token: "cloudflare:index/getAccounts:getAccounts",
  check: (args: Values): CheckFailure[] => checkInputs(inputs, args),
  /** The accounts that the API token sees, at most `maxItems`. @throws CallError */
  async invoke(calls: Calls, args: Values): Promise<Values> {
    const most = typeof args.maxItems === "number" ? args.maxItems : MAX_ITEMS;
    const found: unknown[] = [];
    for (let page = 1; found.length < most; page += 1) {
      const query = new URLSearchParams();
      for (const name of ["name", "direction"]) if (typeof args[name] === "string") query.set(name, args[name]);
      query.set("page", String(page));
      const accounts = await calls.send({ method: "GET", path: `/accounts?${query}` });
      if (!Array.isArray(accounts) || accounts.length === 0) break;
      found.push(...accounts);
    }
    return { ...args, results: found.slice(0, most).map((one) => toOutputs(account, one)) };
  },
};
