import type { SignedIn } from "../../../backend/users/shapes.ts";
import type { TestBackend } from "../test-backend.ts";

/** Opens the page as a browser does: asks for what it has not kept. Returns path and status of each request. */
export async function visit(
  backend: TestBackend,
  kept: Map<string, string>,
  headers: Record<string, string> = {},
): Promise<string[]> {
  const requests: string[] = [];
  const get = async (path: string) => {
    const etag = kept.get(path);
    const {
      status,
      headers: answered,
      text,
    } = await backend.request("GET", path, {
      headers: { ...headers, ...(etag === undefined ? {} : { "if-none-match": etag }) },
    });
    requests.push(`${path.replace(/\?.*/, "")} ${status}`);
    const isLasting = answered.get("cache-control")?.includes("immutable") ?? false;
    kept.set(path, isLasting ? "for good" : (answered.get("etag") ?? ""));
    return text;
  };
  const html = await get("/");
  if (html !== "") kept.set("html", html);
  const named = [...(kept.get("html") ?? "").matchAll(/\s(?:src|href)="([^"#]+)"/g)].map(([, path]) => path as string);
  for (const path of new Set(named)) if (kept.get(path) !== "for good") await get(path);
  return requests;
}

/** Where thirty people are: behind one address. */
const OFFICE = { "cf-connecting-ip": "203.0.113.9" };

/** A user who opens the page from the office: with the statuses of all requests, and the renewed access token. */
interface OfficeVisitor {
  readonly statuses: readonly (string | number | undefined)[];
  readonly accessToken: string;
  readonly headers: Record<string, string>;
}

/** Thirty users who registered at home open the page at the same moment, each in a browser that has kept nothing. */
export async function visitFromOffice<T>(
  backend: TestBackend,
  then: (visitor: OfficeVisitor) => Promise<T>,
): Promise<readonly T[]> {
  const users = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const { json } = await backend.request("POST", "/api/auth/register", {
        body: { email: `v${index}@example.org`, password: "correct horse battery", name: `Visitor ${index}` },
        headers: { "cf-connecting-ip": `192.0.2.${index}` },
      });
      return json as unknown as SignedIn;
    }),
  );
  return Promise.all(
    users.map(async ({ refreshToken }) => {
      const files = await visit(backend, new Map(), OFFICE);
      const renewed = await backend.request("POST", "/api/auth/refresh", { body: { refreshToken }, headers: OFFICE });
      const { accessToken = "" } = renewed.json;
      const statuses = [...files.map((file) => file.split(" ")[1]), renewed.status];
      return then({ statuses, accessToken, headers: OFFICE });
    }),
  );
}
