import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { readToken } from "../../cloudflared/index.ts";

const token = Buffer.from(
  JSON.stringify({
    a: "account",
    t: "6ff42ae2-765d-4adf-8112-31c55c1551ef",
    s: Buffer.alloc(32, 1).toString("base64"),
  }),
).toString("base64");

describe("the tunnel's token", () => {
  let folder: string;
  const file = async (text: string, mode = 0o600) => {
    const path = join(folder, `token-${mode}-${text.length}`);
    await writeFile(path, text, { mode: 0o600 });
    await chmod(path, mode);
    return path;
  };
  const problem = (sources: Parameters<typeof readToken>[0]) =>
    readToken(sources).then(
      () => undefined,
      (error: unknown) => error as { code: string; message: string },
    );

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "causeway-token-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("comes from the environment or from a file, with or without a line's end", async () => {
    expect(await readToken({ TUNNEL_TOKEN: token })).toBe(token);
    expect(await readToken({ TUNNEL_TOKEN_FILE: await file(`${token}\n`) })).toBe(token);
    expect(await readToken({ TUNNEL_TOKEN_FILE: await file(token, 0o400) })).toBe(token);
  });

  test.each([
    ["no source", async () => ({}), "NO_TOKEN", /TUNNEL_TOKEN_FILE/],
    ["two sources", async () => ({ TUNNEL_TOKEN: token, TUNNEL_TOKEN_FILE: "x" }), "NO_TOKEN", /Unset one/],
    ["a missing file", async () => ({ TUNNEL_TOKEN_FILE: join(folder, "none") }), "TOKEN_FILE", /does not exist/],
    ["a folder", async () => ({ TUNNEL_TOKEN_FILE: folder }), "TOKEN_FILE", /not a file/],
    [
      "a file that the world can read",
      async () => ({ TUNNEL_TOKEN_FILE: await file(token, 0o644) }),
      "TOKEN_FILE",
      /chmod 600/,
    ],
    [
      "a file that the group can read",
      async () => ({ TUNNEL_TOKEN_FILE: await file(token, 0o640) }),
      "TOKEN_FILE",
      /chmod 600/,
    ],
    ["an empty file", async () => ({ TUNNEL_TOKEN_FILE: await file("") }), "BAD_TOKEN", /not a tunnel token/],
    ["a large file", async () => ({ TUNNEL_TOKEN_FILE: await file("A".repeat(20_000)) }), "TOKEN_FILE", /20000 bytes/],
    [
      "the whole command",
      async () => ({ TUNNEL_TOKEN: `cloudflared service install ${token}` }),
      "BAD_TOKEN",
      /without the command/,
    ],
    ["base64 of something else", async () => ({ TUNNEL_TOKEN: "aGVsbG8=" }), "BAD_TOKEN", /not a tunnel token/],
    ["a truncated token", async () => ({ TUNNEL_TOKEN: token.slice(0, 60) }), "BAD_TOKEN", /not a tunnel token/],
  ])("%s is a clear problem, without the token in it", async (_, sources, code, message) => {
    const found = await problem(await sources());
    expect(found).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(found?.message).not.toContain(token.slice(0, 40));
  });
});
