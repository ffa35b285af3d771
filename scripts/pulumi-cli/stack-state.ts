/** The state of a stack, as `pulumi stack export` prints it: no secret is decrypted. */

/** One resource in the state of a stack. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  /** It has something at Cloudflare; components have not. */
  readonly custom?: boolean;
  /** It was adopted: `destroy` does not delete it. */
  readonly retainOnDelete?: boolean;
  readonly protect?: boolean;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

export interface ExportedStack {
  readonly resources: readonly StateResource[];
  /** Operations that a run began and never ended, such as `creating chat.example.com`. */
  readonly pending: readonly string[];
  /**
   * Whether Pulumi has notes of such operations, also of creates that a later run has carried out: it warns of them at
   * every run.
   */
  readonly hasPendingNotes: boolean;
  /** Outputs of the stack at the last `up`; secret ones are encrypted. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

interface Exported {
  readonly deployment?: {
    readonly resources?: readonly StateResource[];
    readonly pending_operations?: readonly { readonly type?: string; readonly resource?: StateResource }[];
  };
}

export function parseState(json: string): ExportedStack {
  const { deployment }: Exported = JSON.parse(json);
  const resources = deployment?.resources ?? [];
  const notes = deployment?.pending_operations ?? [];
  return {
    resources,
    hasPendingNotes: notes.length > 0,
    pending: notes
      // Pulumi keeps the note of a create that was cut off, also after a later run has made the resource
      .filter(({ type, resource }) => !(type === "creating" && resources.some(({ urn }) => urn === resource?.urn)))
      .map(
        ({ type = "changing", resource }) => `${type} ${resource === undefined ? "a resource" : nameOf(resource.urn)}`,
      ),
    outputs: resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {},
  };
}

/**
 * A resource of another stack or project; undefined where the state has none. `pulumi stack import --force` imports
 * such a state.
 */
export const resourceOfOtherStack = (
  { resources }: ExportedStack,
  project: string,
  stack: string,
): StateResource | undefined => resources.find(({ urn }) => !urn.startsWith(`urn:pulumi:${stack}::${project}::`));

/** The name of a resource in the program. */
export const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");

export const TUNNEL_TYPE = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";

export const LIST_TYPE = "cloudflare:index/list:List";

export const SERVICE_TOKEN_TYPE = "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken";

/** What an operator calls the types of the program. */
const KINDS: Readonly<Record<string, string>> = {
  [LIST_TYPE]: "list",
  "cloudflare:index/dnsRecord:DnsRecord": "record",
  "cloudflare:index/ruleset:Ruleset": "ruleset",
  [TUNNEL_TYPE]: "tunnel",
  "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig": "tunnel configuration",
  "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication": "application of Access",
  "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy": "policy of Access",
  [SERVICE_TOKEN_TYPE]: "service token of Access",
  "cloudflare:index/zoneSetting:ZoneSetting": "zone setting",
};

export const kindOf = ({ type }: StateResource): string => KINDS[type] ?? type;

/** Whether the resource exists at Cloudflare. The others are Pulumi's own: components, providers, stashes. */
export const isAtCloudflare = ({ type, custom }: StateResource): boolean =>
  custom === true && type.startsWith("cloudflare:");

/** What Pulumi keeps in the state of a stack that deploys nothing: the stack itself and its providers. */
export const isOfEveryStack = ({ type }: StateResource): boolean =>
  type === "pulumi:pulumi:Stack" || type.startsWith("pulumi:providers:");

/** Whether `destroy` does not delete the resource: it was adopted, or it is a zone setting, which cannot be deleted. */
export const isLeftByDestroy = (resource: StateResource): boolean =>
  resource.retainOnDelete === true || kindOf(resource) === "zone setting";
