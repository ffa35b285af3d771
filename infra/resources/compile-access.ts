/** What only some reach to the inputs of Pulumi resources: pure. */

import type { input } from "@pulumi/cloudflare/types/index.js";
import type { ZeroTrustAccessApplicationArgs } from "@pulumi/cloudflare/zeroTrustAccessApplication.js";
import type { ZeroTrustAccessPolicyArgs } from "@pulumi/cloudflare/zeroTrustAccessPolicy.js";
import type { ZeroTrustAccessServiceTokenArgs } from "@pulumi/cloudflare/zeroTrustAccessServiceToken.js";
import {
  type AccessApplication,
  applicationName,
  destinationOf,
  policyName,
  type Site,
  tokenName,
} from "../policy/without-rules.ts";
import type { NamedResource } from "./named-resource.ts";

/** The name in the program of something of Access; names of other resources begin with other words. */
export const accessResource = (kind: "app" | "policy" | "token", name: string): string => `access:${kind}:${name}`;

interface Keyed<Args> extends NamedResource<Args> {
  /** The name in the configuration. */
  readonly key: string;
}

/** All inputs but the ids that only exist once policies and tokens do: these are named in their place. */
export interface CompiledAccess {
  readonly team: string;
  readonly tokens: readonly Keyed<ZeroTrustAccessServiceTokenArgs>[];
  readonly policies: readonly NamedResource<PolicyInputs>[];
  readonly applications: readonly Keyed<ApplicationInputs>[];
}

type PolicyInputs = Omit<ZeroTrustAccessPolicyArgs, "includes"> & {
  readonly includes: readonly input.ZeroTrustAccessPolicyInclude[];
  /** Names of tokens in the configuration. */
  readonly serviceTokens: readonly string[];
};

type ApplicationInputs = Omit<ZeroTrustAccessApplicationArgs, "policies"> & {
  /** Names in the program, in the order of their precedence. */
  readonly policies: readonly string[];
};

type NameResource = <Args>(name: string, args: Args) => NamedResource<Args>;

/**
 * Compiles `access`. Explicit is each default that the API fills in, since it comes back as a difference
 * (terraform-provider-cloudflare#5495, #5499, #5811), and what an account would decide otherwise. To the provider, no
 * value and `false` are the same for the four flags that the API may not return (normalizations.go of its application).
 * For `skipInterstitial`, `allowIframe` and `pathCookieAttribute` they are not: these are left out, which means false.
 * Left to the account are its identity providers (`allowedIdps`) and its second factor (`mfaConfig`): both add a
 * condition. Policies are reusable ones of the account, which an application names by id, with a precedence.
 */
export function compileAccess(site: Site, accountId: string, named: NameResource): CompiledAccess | undefined {
  const { access } = site;
  if (access === undefined) return undefined;
  return {
    team: access.team,
    tokens: Object.entries(access.serviceTokens).map(([key, { duration }]) => ({
      ...named(accessResource("token", key), { accountId, name: tokenName(site, key), duration }),
      key,
    })),
    policies: access.applications.flatMap((application) =>
      policiesOf(site, application).map(({ resource, ...policy }) => named(resource, { accountId, ...policy })),
    ),
    applications: access.applications.map((application) => {
      const uri = destinationOf(application);
      const args = {
        accountId,
        name: applicationName(site, application.name),
        type: "self_hosted",
        domain: uri,
        destinations: [{ type: "public", uri }],
        policies: policiesOf(site, application).map(({ resource }) => resource),
        sessionDuration: application.session,
        // a session of Cloudflare's client for devices is no sign-in, whatever the account allows
        allowAuthenticateViaWarp: false,
        appLauncherVisible: false,
        autoRedirectToIdentity: false,
        enableBindingCookie: false,
        // scripts of the page cannot read the cookie of Access
        httpOnlyCookieAttribute: true,
        optionsPreflightBypass: false,
        // a program without a token gets 403, or the login where people may sign in too
        serviceAuth401Redirect: false,
      };
      return { ...named(accessResource("app", application.name), args), key: application.name };
    }),
  };
}

/**
 * The policies of an application: people sign in (`allow`); programs show a service token, and no page to sign in is
 * shown to them (`non_identity`). An application denies who no policy of it names.
 */
function policiesOf(site: Site, { name, emails, emailDomains, serviceTokens, session }: AccessApplication) {
  const people = [
    ...emails.map((email) => ({ email: { email } })),
    ...emailDomains.map((domain) => ({ emailDomain: { domain } })),
  ];
  const policy = (callers: "people" | "services", decision: "allow" | "non_identity", more: PolicyMembers) => ({
    resource: accessResource("policy", `${name}:${callers}`),
    ...{ name: policyName(site, name, callers), decision, sessionDuration: session, ...more },
  });
  return [
    ...(people.length > 0 ? [policy("people", "allow", { includes: people, serviceTokens: [] })] : []),
    ...(serviceTokens.length > 0 ? [policy("services", "non_identity", { includes: [], serviceTokens })] : []),
  ];
}

type PolicyMembers = Pick<PolicyInputs, "includes" | "serviceTokens">;
