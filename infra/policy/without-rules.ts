/** The part of the policy that loads no rule: a broken file of one stops no command that deploys nothing. */
export { othersRules } from "./adoption.ts";
export { boundHostnames, covers, isPattern } from "./hostnames.ts";
export { fileOfList, listLimits, markedDescription, ownerOfList, type PolicyList } from "./list.ts";
export { POLICY_PHASES } from "./phases.ts";
export { siteHostnames } from "./services.ts";
export {
  type AdoptedList,
  type AdoptedRuleset,
  type Adoption,
  accountMark,
  adoptedListOf,
  adoptionOf,
  ownerMark,
  type Site,
  tunnelName,
} from "./site.ts";
export { VISITORS } from "./visitors.ts";
export { withoutLists } from "./without-lists.ts";
