/** What `down` does with each resource of the state, as lines for the operator. */
import type { AdoptedResource } from "../cloudflare-account/as-found.ts";
import { alignColumns } from "../command-line/index.ts";
import { isAtCloudflare, isLeftByDestroy, kindOf, nameOf, type StateResource } from "../pulumi-cli/stack-state.ts";

export function inventoryLines(
  resources: readonly StateResource[],
  adopted: readonly AdoptedResource[],
): readonly string[] {
  const own = resources.filter(isAtCloudflare);
  const found = new Map(adopted.flatMap(({ resource, found }) => (found === undefined ? [] : [[resource.urn, found]])));
  const deleted = own.filter((resource) => !isLeftByDestroy(resource));
  const restored = own.filter(({ urn }) => found.has(urn));
  const kept = own.filter((resource) => isLeftByDestroy(resource) && !found.has(resource.urn));
  return [
    ...groupLines("Deleted at Cloudflare:", deleted, () => ""),
    ...groupLines("Adopted, and put back as it was found:", restored, ({ urn }) => found.get(urn)?.summary ?? ""),
    ...groupLines("Stays as it is now:", kept, (resource) =>
      resource.retainOnDelete === true
        ? "adopted; how it was before is not in the state"
        : "the stack's value stays: what it was before is not known",
    ),
  ];
}

function groupLines(
  title: string,
  resources: readonly StateResource[],
  note: (resource: StateResource) => string,
): readonly string[] {
  if (resources.length === 0) return [];
  const rows = resources.map((resource) => [kindOf(resource), nameOf(resource.urn), resource.id ?? "", note(resource)]);
  return [title, ...alignColumns(rows).map((line) => `  ${line}`)];
}
