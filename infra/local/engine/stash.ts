/**
 * Pulumi's own resource `Stash`: a value that the state keeps as it was at first
 * (https://www.pulumi.com/docs/iac/concepts/stash/).
 */
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { ResourceType } from "../provider/index.ts";

export const STASH_TYPE = "pulumi:index:Stash";

export const stash: ResourceType = {
  type: STASH_TYPE,
  fields: {},
  secretOutputs: [],
  check: () => [],
  diff: (_id, before, after) => ({
    changed: isDeepStrictEqual(before.input, after.input) ? [] : ["input"],
    replaces: [],
  }),
  create: async ({ input }) => ({ id: randomUUID(), outputs: { input, output: input } }),
  read: async () => undefined,
  async update(_id, _before, { input }, outputs) {
    return { outputs: { ...outputs, input } };
  },
  warning: undefined,
  delete: async () => undefined,
};
