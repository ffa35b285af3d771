import { ZoneSetting } from "@pulumi/cloudflare/zoneSetting.js";
import { ComponentResource } from "@pulumi/pulumi";
import type { CompiledStack } from "./compile.ts";
import { options } from "./options.ts";

/** Zone-wide settings that the configuration names. They stay as they are when the stack is destroyed. */
export class ZoneSettings extends ComponentResource {
  constructor(name: string, settings: CompiledStack["zoneSettings"]) {
    super("causeway:index:ZoneSettings", name, {}, {});
    for (const setting of settings) new ZoneSetting(setting.name, setting.args, options(this, setting));
    this.registerOutputs({});
  }
}
