import type { CustomResourceOptions, Resource } from "@pulumi/pulumi";
import type { NamedResource } from "./named-resource.ts";

/** Options that every resource of a component has: its place in the tree, and what it takes over. */
export const options = (parent: Resource, { import: id, retain }: NamedResource<unknown>): CustomResourceOptions => ({
  parent,
  ...(id === undefined ? {} : { import: id }),
  ...(retain === undefined ? {} : { retainOnDelete: retain }),
});
