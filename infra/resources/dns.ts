import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import { ComponentResource, type Output, type Resource } from "@pulumi/pulumi";
import type { CompiledStack } from "./compile.ts";
import { options } from "./options.ts";

/** Proxied records that lead each hostname to the tunnel. */
export class Dns extends ComponentResource {
  /** The records are made after `protection` and go before it: a hostname is never open without its rules. */
  constructor(
    name: string,
    records: CompiledStack["records"],
    tunnelId: Output<string>,
    protection: readonly Resource[],
  ) {
    super("causeway:index:Dns", name, {}, {});
    const content = tunnelId.apply((id) => `${id}.cfargotunnel.com`);
    for (const record of records) {
      new DnsRecord(
        record.name,
        { ...record.args, content },
        // a second record of the name would be refused (81053) while the first still exists
        { ...options(this, record), dependsOn: [...protection], deleteBeforeReplace: true },
      );
    }
    this.registerOutputs({});
  }
}
