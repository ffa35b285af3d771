import { getZeroTrustTunnelCloudflaredToken } from "@pulumi/cloudflare/getZeroTrustTunnelCloudflaredToken.js";
import { ZeroTrustTunnelCloudflared } from "@pulumi/cloudflare/zeroTrustTunnelCloudflared.js";
import { ZeroTrustTunnelCloudflaredConfig } from "@pulumi/cloudflare/zeroTrustTunnelCloudflaredConfig.js";
import { ComponentResource, type Input, type Output, output, secret } from "@pulumi/pulumi";
import type { AccessResources } from "./access.ts";
import type { CompiledIngress, CompiledStack } from "./compile.ts";
import { options } from "./options.ts";

/** The tunnel, its configuration, and the token that a connector runs it with. */
export class Tunnel extends ComponentResource {
  readonly tunnelId: Output<string>;
  /** Secret: who has it can serve the site. Empty where a run that deploys nothing does not find the tunnel. */
  readonly token: Output<string>;

  /**
   * `deploys`: false where the run only refreshes or destroys what there is. `access` has the audiences of the
   * applications that rules name.
   */
  constructor(
    { tunnel, ingresses }: Pick<CompiledStack, "tunnel" | "ingresses">,
    deploys: boolean,
    access: AccessResources | undefined,
  ) {
    super("causeway:index:Tunnel", tunnel.name, {}, {});
    const resource = new ZeroTrustTunnelCloudflared(tunnel.name, tunnel.args, {
      ...options(this, tunnel),
      // Its id is in every DNS record, and its connectors hold its token. A run that destroys the stack would protect
      // it anew.
      protect: deploys,
      // An update would be a PATCH, after which the provider sends later updates of the run without their strings
      // (terraform-provider-cloudflare#7305). So no run updates it; the secret is rotated through the API.
      ignoreChanges: ["name", "tunnelSecret"],
    });
    const accountId: Input<string> = tunnel.args.accountId;
    new ZeroTrustTunnelCloudflaredConfig(
      `${tunnel.name}-config`,
      { accountId, tunnelId: resource.id, config: { ingresses: ingresses.map((rule) => requiring(rule, access)) } },
      { parent: this },
    );
    this.tunnelId = resource.id;
    const place = { accountId, tunnelId: resource.id };
    // the look-up does not mark its result as secret
    this.token = secret(output(place).apply((known) => lookUpToken(known, deploys, this)));
    this.registerOutputs({ tunnelId: this.tunnelId });
  }
}

/**
 * The rule with the audience of the application that it names. Each rule has its own: cloudflared ignores an `access`
 * for all rules (cloudflared, ingress/ingress.go).
 */
function requiring({ application, ...rule }: CompiledIngress, access: AccessResources | undefined) {
  if (application === undefined) return rule;
  const audience = access?.audiences[application];
  if (access === undefined || audience === undefined)
    throw new Error(`invariant: the application ${application} is made before the tunnel`);
  const required = { required: true, teamName: access.team, audTags: [audience] };
  return { ...rule, originRequest: { ...rule.originRequest, access: required } };
}

async function lookUpToken(
  place: { accountId: string; tunnelId: string },
  required: boolean,
  parent: Tunnel,
): Promise<string> {
  try {
    return (await getZeroTrustTunnelCloudflaredToken(place, { parent })).token;
  } catch (error) {
    if (required) throw error;
    return "";
  }
}
