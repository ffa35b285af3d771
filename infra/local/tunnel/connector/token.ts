import { TunnelError } from "../errors.ts";

/**
 * What a tunnel token holds: base64 of `{"a": account, "t": tunnel, "s": base64 secret}` (cloudflared,
 * connection.TunnelToken).
 */
export interface TunnelToken {
  readonly accountTag: string;
  readonly tunnelId: string;
  readonly secret: Buffer;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Reads a token; throws BAD_TOKEN, without the token in the message. */
export function parseToken(text: string): TunnelToken {
  const token = fieldsOf(text.trim());
  if (token === undefined) {
    throw new TunnelError(
      "BAD_TOKEN",
      "This is not a tunnel token. A token is the one line of base64 that `cloudflared tunnel token NAME`, the " +
        "dashboard or `pulumi stack output tunnelToken --show-secrets` gives, without the command around it.",
    );
  }
  return token;
}

function fieldsOf(text: string): TunnelToken | undefined {
  if (text.length > 4096 || !/^[A-Za-z0-9+/]+=*$/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64").toString("utf8"));
    if (typeof value !== "object" || value === null || !("a" in value && "t" in value && "s" in value))
      return undefined;
    const { a, t, s } = value;
    if (typeof a !== "string" || typeof t !== "string" || typeof s !== "string") return undefined;
    const secret = Buffer.from(s, "base64");
    return a !== "" && UUID.test(t) && secret.length > 0 ? { accountTag: a, tunnelId: t, secret } : undefined;
  } catch {
    return undefined;
  }
}
