/** Puts adopted resources back as they were found. The stack's state has that, written once, at the adoption. */
import type Cloudflare from "cloudflare";
import { AS_FOUND, type AsFound, parseAsFound } from "../../infra/preflight/for-commands.ts";
import { isAtCloudflare, kindOf, nameOf, type StateResource } from "../pulumi-cli/stack-state.ts";
import { callApi } from "./account.ts";
import { permissionOf } from "./rights.ts";

/** An adopted resource, and how it was before; undefined where that is not known. */
export interface AdoptedResource {
  readonly resource: StateResource;
  readonly found: AsFound | undefined;
}

const STASH_TYPE = "pulumi:index:Stash";

export function adoptedResources(resources: readonly StateResource[]): readonly AdoptedResource[] {
  const found = new Map(
    resources.flatMap(({ type, urn, outputs }) => {
      const text = outputs?.output;
      const known = type === STASH_TYPE && typeof text === "string" ? parseAsFound(text) : undefined;
      return known === undefined ? [] : [[nameOf(urn), known] as const];
    }),
  );
  return resources
    .filter((resource) => resource.retainOnDelete === true && isAtCloudflare(resource))
    .map((resource) => ({ resource, found: found.get(`${AS_FOUND}${nameOf(resource.urn)}`) }));
}

/** Puts them back, one after the other. @throws AccountError where Cloudflare refuses */
export async function putBack(
  api: Cloudflare,
  adopted: readonly AdoptedResource[],
  tell: (line: string) => void,
): Promise<void> {
  for (const { resource, found } of adopted) {
    if (found === undefined) continue;
    await callApi(api.put(found.path, { body: found.body }), permissionOf(resource));
    tell(`Put back as it was found: ${kindOf(resource)} ${nameOf(resource.urn)}, ${found.summary}.`);
  }
}
