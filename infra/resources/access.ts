import { ZeroTrustAccessApplication } from "@pulumi/cloudflare/zeroTrustAccessApplication.js";
import { ZeroTrustAccessPolicy } from "@pulumi/cloudflare/zeroTrustAccessPolicy.js";
import { ZeroTrustAccessServiceToken } from "@pulumi/cloudflare/zeroTrustAccessServiceToken.js";
import { ComponentResource, type Output, secret } from "@pulumi/pulumi";
import { accessResource, type CompiledAccess } from "./compile-access.ts";
import { options } from "./options.ts";

/** A service token, as programs show it. */
interface ServiceTokenOutputs {
  readonly clientId: Output<string>;
  /** Secret: who has both reaches what the token reaches. */
  readonly clientSecret: Output<string>;
}

/** Applications of Access with their policies, and service tokens. Nothing here is updated by a PATCH. */
export class AccessResources extends ComponentResource {
  readonly team: string;
  /** The audience of each application's assertions, by the name of the application. */
  readonly audiences: Readonly<Record<string, Output<string>>>;
  readonly serviceTokens: Readonly<Record<string, ServiceTokenOutputs>>;

  constructor(name: string, { team, applications, policies, tokens }: CompiledAccess) {
    super("causeway:index:Access", name, {}, {});
    this.team = team;
    const madeTokens = new Map(
      tokens.map((token) => [
        token.key,
        // the secret is changed through the API, outside of Pulumi
        new ZeroTrustAccessServiceToken(token.name, token.args, {
          ...options(this, token),
          ignoreChanges: ["clientSecretVersion", "previousClientSecretExpiresAt"],
        }),
      ]),
    );
    const tokenId = (key: string): Output<string> => madeOf(madeTokens, key).id;
    const madePolicies = new Map(
      policies.map((policy) => {
        const { serviceTokens, ...args } = policy.args;
        const includes = serviceTokens.map((key) => ({ serviceToken: { tokenId: tokenId(key) } }));
        const all = { ...args, includes: [...args.includes, ...includes] };
        return [policy.name, new ZeroTrustAccessPolicy(policy.name, all, options(this, policy))];
      }),
    );
    const made = applications.map((application) => {
      const { policies: names, ...args } = application.args;
      const links = names.map((policy, index) => ({ id: madeOf(madePolicies, policy).id, precedence: index + 1 }));
      const resource = new ZeroTrustAccessApplication(
        application.name,
        { ...args, policies: links },
        options(this, application),
      );
      return [application.key, resource.aud] as const;
    });
    this.audiences = Object.fromEntries(made);
    this.serviceTokens = Object.fromEntries(
      [...madeTokens].map(([key, { clientId, clientSecret }]) => [
        key,
        { clientId, clientSecret: secret(clientSecret) },
      ]),
    );
    this.registerOutputs({});
  }
}

function madeOf<Resource>(made: ReadonlyMap<string, Resource>, name: string): Resource {
  const resource = made.get(name);
  if (resource === undefined) throw new Error(`invariant: ${accessResource("policy", name)} is made before it is used`);
  return resource;
}
