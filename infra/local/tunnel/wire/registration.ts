// The structures of cloudflared's RegistrationServer interface (cloudflare/cloudflared,
// tunnelrpc/proto/tunnelrpc.capnp), which a connector calls on the control stream.
import { CapnpError, type StructReader } from "./capnp-reader.ts";
import type { StructBuilder } from "./capnp-writer.ts";

/** The id of the interface RegistrationServer. */
export const REGISTRATION_INTERFACE = 0xf71695ec7fe85497n;
/** Its methods by number. */
export const METHOD = { registerConnection: 0, unregisterConnection: 1, updateLocalConfiguration: 2 } as const;

/** A connector's data about itself, and the tunnel that it claims. */
export interface RegistrationRequest {
  readonly accountTag: string;
  readonly tunnelSecret: Buffer;
  /** UUID in its usual spelling. */
  readonly tunnelId: string;
  /** 0 to 3: which of the connector's connections this is. */
  readonly connectionIndex: number;
  /** UUID of the connector process. */
  readonly clientId: string;
  readonly features: readonly string[];
  readonly version: string;
  readonly arch: string;
  readonly originLocalIp: Buffer;
  readonly previousAttempts: number;
}

/**
 * The edge's response. A cause with "Unauthorized" makes cloudflared try again, any other ends it on its first
 * connection.
 */
export type RegistrationResult =
  | { readonly ok: true; readonly connectionId: string; readonly location: string; readonly remotelyManaged: boolean }
  | { readonly ok: false; readonly cause: string; readonly retryAfterMs?: number };

/** Reads the parameters of registerConnection; throws CapnpError. */
export function readRegistration(params: StructReader): RegistrationRequest {
  const auth = params.struct(0);
  const options = params.struct(2);
  const client = options.struct(0);
  return {
    accountTag: auth.text(0),
    tunnelSecret: auth.data(1),
    tunnelId: uuidOf(params.data(1)),
    connectionIndex: params.uint8(0),
    clientId: uuidOf(client.data(0)),
    features: client.texts(1),
    version: client.text(2),
    arch: client.text(3),
    originLocalIp: options.data(1),
    previousAttempts: options.uint8(2),
  };
}

/** Writes the parameters of registerConnection. */
export function writeRegistration(payload: StructBuilder, request: RegistrationRequest): void {
  const params = payload.struct(0, 1, 3).uint8(0, request.connectionIndex);
  params.struct(0, 0, 2).text(0, request.accountTag).data(1, request.tunnelSecret);
  params.data(1, uuidBytes(request.tunnelId));
  const options = params.struct(2, 1, 2).uint8(2, Math.min(request.previousAttempts, 255));
  const client = options.struct(0, 0, 4).data(0, uuidBytes(request.clientId));
  client.texts(1, request.features).text(2, request.version).text(3, request.arch);
  options.data(1, request.originLocalIp);
}

/** Reads the results of registerConnection; throws CapnpError. */
export function readRegistrationResult(results: StructReader): RegistrationResult {
  const response = results.struct(0);
  const body = response.struct(0);
  if (response.uint16(0) === 0) {
    const retryAfterMs = body.bit(64) ? { retryAfterMs: Number(body.int64(0) / 1_000_000n) } : {};
    return { ok: false, cause: body.text(0), ...retryAfterMs };
  }
  return { ok: true, connectionId: uuidOf(body.data(0)), location: body.text(1), remotelyManaged: body.bit(0) };
}

/** Writes the results of registerConnection. */
export function writeRegistrationResult(payload: StructBuilder, result: RegistrationResult): void {
  const response = payload.struct(0, 0, 1).struct(0, 1, 1);
  if (result.ok) {
    const details = response.uint16(0, 1).struct(0, 1, 2).bit(0, result.remotelyManaged);
    details.data(0, uuidBytes(result.connectionId)).text(1, result.location);
    return;
  }
  const error = response.uint16(0, 0).struct(0, 2, 1).text(0, result.cause);
  if (result.retryAfterMs !== undefined) error.uint64(0, BigInt(result.retryAfterMs) * 1_000_000n).bit(64, true);
}

function uuidOf(bytes: Buffer): string {
  if (bytes.length !== 16) throw new CapnpError(`an identifier of ${bytes.length} bytes; a UUID has 16`);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function uuidBytes(uuid: string): Buffer {
  const bytes = Buffer.from(uuid.replaceAll("-", ""), "hex");
  if (bytes.length !== 16) throw new CapnpError("not a UUID");
  return bytes;
}
