import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { emit } from "../socket-calls.ts";
import { startTestBackend, type TestBackend, type TestUser } from "../test-backend.ts";
import { exif, jpeg, jpegSegment, png, pngChunk } from "./picture-samples.ts";

let backend: TestBackend;
let ada: TestUser;
let ben: TestUser;
let admin: TestUser;
beforeAll(async () => {
  backend = await startTestBackend();
  [ada, ben, admin] = [await backend.registerUser(), await backend.registerUser(), await backend.registerUser("admin")];
});
afterAll(() => backend.stop());

const put = (person: TestUser, body: Buffer, type = "image/png") =>
  backend.request("PUT", "/api/users/me/picture", {
    token: person.accessToken,
    body,
    headers: { "content-type": type },
  });
const get = (viewer: TestUser | undefined, of: TestUser, hash: string, headers = {}) =>
  fetch(`${backend.url}/api/users/${of.id}/picture/${hash}`, {
    headers: { ...(viewer && { authorization: `Bearer ${viewer.accessToken}` }), ...headers },
  });
async function pictures(viewer: TestUser, ...users: readonly string[]) {
  const socket = await backend.connect(viewer.accessToken);
  const { result } = await emit(socket, "call", "users.pictures", { users });
  socket.close();
  return (result as { pictures: { id: string; picture: string | null }[] }).pictures;
}

test("a picture is stored without metadata, and shown to others at an address that names its content", async () => {
  const file = jpeg(jpegSegment(0xe1, exif(1)), jpegSegment(0xfe, "my house"));
  // what the client calls it does not matter
  const stored = await put(ada, file, "image/webp");
  expect(stored.status).toBe(200);
  const hash = String(stored.json.picture);
  expect(await pictures(ben, ada.id, ben.id, "nobody-with-this-id")).toEqual(
    expect.arrayContaining([
      { id: ada.id, picture: hash },
      { id: ben.id, picture: null },
    ]),
  );
  const seen = await get(ben, ada, hash);
  expect(seen.status).toBe(200);
  expect(Buffer.from(await seen.arrayBuffer()).equals(jpeg())).toBe(true);
  expect(Object.fromEntries(seen.headers)).toMatchObject({
    "content-type": "image/jpeg",
    "content-disposition": 'attachment; filename="picture.jpg"',
    "cache-control": "private, max-age=31536000, immutable",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "x-content-type-options": "nosniff",
    etag: `"${hash}"`,
  });
  expect((await get(ben, ada, hash, { "if-none-match": `"${hash}"` })).status).toBe(304);
  expect((await get(undefined, ada, hash)).status).toBe(401);
  expect((await get(ben, ben, hash)).status).toBe(404);
  expect((await get(ben, ada, "A".repeat(22))).status).toBe(404);
  expect((await get(ben, ada, "short")).status).toBe(422);
});

test("another picture takes the place of the one before, and none", async () => {
  const first = String((await put(ada, png())).json.picture);
  const second = String((await put(ada, png(pngChunk("gAMA", Buffer.alloc(4))))).json.picture);
  expect(second).not.toBe(first);
  expect([(await get(ben, ada, first)).status, (await get(ben, ada, second)).status]).toEqual([404, 200]);
  const removed = await backend.request("DELETE", "/api/users/me/picture", { token: ada.accessToken });
  expect(removed.json).toEqual({ picture: null });
  expect((await get(ada, ada, second)).status).toBe(404);
  expect(await pictures(ada, ada.id)).toEqual([{ id: ada.id, picture: null }]);
});

test.each([
  ["PICTURE_TYPE", 422, Buffer.from("<svg/>"), "image/png"],
  ["PICTURE_MALFORMED", 422, png().subarray(0, -4), "image/png"],
  ["PICTURE_ANIMATED", 422, png(pngChunk("acTL", Buffer.alloc(8))), "image/png"],
  ["PAYLOAD_TOO_LARGE", 413, Buffer.alloc(256 * 1024 + 1), "image/png"],
  ["UNSUPPORTED_MEDIA_TYPE", 415, png(), "text/html"],
])("%s: what is no picture changes nothing", async (code, status, body, type) => {
  const hash = String((await put(ben, png())).json.picture);
  const refused = await put(ben, body, type);
  expect([refused.status, refused.json.error?.code]).toEqual([status, code]);
  expect(await pictures(ben, ben.id)).toEqual([{ id: ben.id, picture: hash }]);
});

test("only site moderators see the picture of a disabled account, and no one that of a removed one", async () => {
  const eve = await backend.registerUser();
  const hash = String((await put(eve, png())).json.picture);
  const disable = (action: string) =>
    backend.request("POST", `/api/admin/users/${action}`, { token: admin.accessToken, body: { id: eve.id } });
  await disable("disable");
  expect([(await get(ben, eve, hash)).status, (await get(admin, eve, hash)).status]).toEqual([404, 200]);
  expect(await pictures(ben, eve.id)).toEqual([]);
  await disable("enable");
  expect((await get(ben, eve, hash)).status).toBe(200);
  const back = await backend.request("POST", "/api/auth/login", { body: { email: eve.email, password: eve.password } });
  const token = String(back.json.accessToken);
  await backend.request("POST", "/api/auth/delete", { token, body: { password: eve.password } });
  expect((await get(admin, eve, hash)).status).toBe(404);
});
