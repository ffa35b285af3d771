/** Calls of the API under test: raw, and through Cloudflare's own SDK. */
import Cloudflare from "cloudflare";
import { type ApiOptions, type LocalApi, startApi } from "../../../../infra/local/api/index.ts";

interface Envelope {
  success: boolean;
  result: { id: string; [key: string]: unknown };
  errors: {
    code: number;
    message: string;
    source?: { pointer?: string; parameter_value_index?: number };
    documentation_url?: string;
  }[];
  result_info?: Record<string, unknown>;
}

export interface Reply {
  status: number;
  headers: Headers;
  body: Envelope;
}

/** Starts an API for one test and gives ways to call it; closes it afterwards. */
export async function withApi<Result>(
  options: ApiOptions,
  use: (
    api: LocalApi,
    call: (method: string, path: string, body?: unknown, token?: string) => Promise<Reply>,
  ) => Promise<Result>,
): Promise<Result> {
  const api = await startApi(options);
  try {
    return await use(api, (method, path, body, token = api.token) => callApi(api, method, path, body, token));
  } finally {
    await api.close();
  }
}

export async function callApi(
  api: LocalApi,
  method: string,
  path: string,
  body?: unknown,
  token?: string,
): Promise<Reply> {
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
}

export function sdk(api: LocalApi, token = api.token): Cloudflare {
  return new Cloudflare({ apiToken: token, baseURL: api.url, maxRetries: 0 });
}

export const proZone = { zones: [{ name: "example.com", plan: "pro" as const }] };

/** A body for `POST /zones/{id}/rulesets`. */
export function customRules(rules: readonly object[], more: object = {}) {
  return { kind: "zone", name: "custom rules", phase: "http_request_firewall_custom", rules, ...more };
}

export const blockRule = { action: "block", expression: 'http.request.uri.path eq "/wp-login.php"', ref: "scanners" };
