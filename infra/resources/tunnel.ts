import { getZeroTrustTunnelCloudflaredTokenOutput } from "@pulumi/cloudflare/getZeroTrustTunnelCloudflaredToken.js";
import { ZeroTrustTunnelCloudflared } from "@pulumi/cloudflare/zeroTrustTunnelCloudflared.js";
import { ZeroTrustTunnelCloudflaredConfig } from "@pulumi/cloudflare/zeroTrustTunnelCloudflaredConfig.js";
import { ComponentResource, type Input, type Output, secret } from "@pulumi/pulumi";
import type { CompiledStack } from "./compile.ts";
import { options } from "./options.ts";

/** The tunnel, its configuration, and the token that a connector runs it with. */
export class Tunnel extends ComponentResource {
  readonly tunnelId: Output<string>;
  /** Secret: whoever has it can serve the site. */
  readonly token: Output<string>;

  constructor({ tunnel, ingresses }: Pick<CompiledStack, "tunnel" | "ingresses">) {
    super("causeway:index:Tunnel", tunnel.name, {}, {});
    const resource = new ZeroTrustTunnelCloudflared(tunnel.name, tunnel.args, {
      ...options(this, tunnel),
      // its id is in every DNS record, and its connectors hold its token
      protect: true,
      // An update would be a PATCH, after which the provider sends later updates of the run without their strings
      // (terraform-provider-cloudflare#7305). So no run updates it; the secret is rotated through the API.
      ignoreChanges: ["name", "tunnelSecret"],
    });
    const accountId: Input<string> = tunnel.args.accountId;
    new ZeroTrustTunnelCloudflaredConfig(
      `${tunnel.name}-config`,
      { accountId, tunnelId: resource.id, config: { ingresses } },
      { parent: this },
    );
    this.tunnelId = resource.id;
    // the look-up does not mark its answer as secret
    const found = getZeroTrustTunnelCloudflaredTokenOutput({ accountId, tunnelId: resource.id }, { parent: this });
    this.token = secret(found.token);
    this.registerOutputs({ tunnelId: this.tunnelId });
  }
}
