/** The part of the policy that loads no rule: a broken file of one stops no command that deploys nothing. */

export {
  accessNames,
  administratorApplications,
  applicationName,
  destinationOf,
  policyName,
  protectedHostnames,
  tokenName,
} from "./access.ts";
export { othersRules } from "./adoption.ts";
export { boundHostnames, covers, isPattern } from "./hostnames.ts";
export { fileOfList, listLimits, markedDescription, ownerOfList, type PolicyList } from "./list.ts";
export { fileOfRule, POLICY_PHASES } from "./phases.ts";
export { hasPath, siteHostnames } from "./services.ts";
export {
  type AccessApplication,
  type AdoptedList,
  type AdoptedRuleset,
  type Adoption,
  accountMark,
  adoptedListOf,
  adoptionOf,
  ownerMark,
  type Site,
  type SiteAccess,
  tunnelName,
} from "./site.ts";
export { VISITORS } from "./visitors.ts";
export { withoutLists } from "./without-lists.ts";
