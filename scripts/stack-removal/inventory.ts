/** What `down` does with each resource of the state, as lines for the operator. */
import type { AdoptedResource } from "../cloudflare-account/as-found.ts";
import { isAtCloudflare, kindOf, nameOf, type StateResource, stays } from "../pulumi-cli/stack-state.ts";

export function inventoryLines(
  resources: readonly StateResource[],
  adopted: readonly AdoptedResource[],
): readonly string[] {
  const own = resources.filter(isAtCloudflare);
  const found = new Map(adopted.flatMap(({ resource, found }) => (found === undefined ? [] : [[resource.urn, found]])));
  const goes = own.filter((resource) => !stays(resource));
  const restored = own.filter(({ urn }) => found.has(urn));
  const left = own.filter((resource) => stays(resource) && !found.has(resource.urn));
  return [
    ...group("Deleted at Cloudflare:", goes, () => ""),
    ...group("Adopted, and put back as it was found:", restored, ({ urn }) => found.get(urn)?.summary ?? ""),
    ...group("Stays as it is now:", left, (resource) =>
      resource.retainOnDelete === true
        ? "adopted; how it was before is not in the state"
        : "the stack's value stays: what it was before is not known",
    ),
  ];
}

function group(
  title: string,
  resources: readonly StateResource[],
  note: (resource: StateResource) => string,
): readonly string[] {
  if (resources.length === 0) return [];
  const rows = resources.map((resource) => [kindOf(resource), nameOf(resource.urn), resource.id ?? "", note(resource)]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return [
    title,
    ...rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd()),
  ];
}
