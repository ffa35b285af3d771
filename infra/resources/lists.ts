import { List } from "@pulumi/cloudflare/list.js";
import { ComponentResource } from "@pulumi/pulumi";
import type { CompiledStack } from "./compile.ts";
import { options } from "./options.ts";

/** Lists of the account, with their items. A list is made before the rules that use it, and deleted after them. */
export class Lists extends ComponentResource {
  constructor(name: string, lists: CompiledStack["lists"]) {
    super("causeway:index:Lists", name, {}, {});
    // a second list of the name would be refused while the first still exists
    for (const list of lists) new List(list.name, list.args, { ...options(this, list), deleteBeforeReplace: true });
    this.registerOutputs({});
  }
}
