/** Which rules name a list: it cannot be deleted as long as one does. */
import { compile, type Rule } from "../../../rules/index.ts";
import type { State, StoredList } from "../state.ts";

/** How many rules of the account, and of its zones, name the list. Disabled rules count. */
export function referencesTo({ accounts, zones }: State, accountId: string, { name }: StoredList): number {
  const rulesets = [
    ...accounts.filter(({ id }) => id === accountId).flatMap((account) => account.rulesets),
    ...zones.filter(({ account_id }) => account_id === accountId).flatMap((zone) => zone.rulesets),
  ];
  return rulesets.flatMap(({ rules }) => rules).filter((rule) => namesList(rule, name)).length;
}

function namesList({ expression, ratelimit }: Rule, list: string): boolean {
  return [expression, ratelimit?.counting_expression ?? ""].some((text) => {
    if (!text.includes(`$${list}`)) return false;
    const compiled = compile(text);
    // of what is not understood it is not known whether it names the list
    return !compiled.ok || compiled.lists.includes(list);
  });
}
