import { afterEach, describe, expect, test } from "@jest/globals";
import { readFiles } from "../../../../backend/contract/index.ts";
import { maxPartsOf, readForm } from "../../../../backend/gateway/streams/form.ts";
import { boundaryOf, readParts } from "../../../../backend/gateway/streams/multipart.ts";
import { array, integer, object, string, unbounded } from "../../../../backend/surface/grammar.ts";
import { form } from "../../../../backend/surface/stream-grammar.ts";
import type { TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";
import { startStreamGateway } from "./stream-gateway.ts";

const declared = form({
  fields: {
    title: string({ min: 1, max: 20 }),
    count: integer({ min: 0, max: 9 }),
    tags: array(string({ min: 1, max: 5 }), { max: 2 }),
  },
  files: {
    photo: { types: ["image/png"], max: 2, bytes: 100 },
    note: { types: ["text/plain"], max: 1, bytes: 10 },
  },
});

/** A form as a browser sends it. */
function formOf(...parts: readonly (readonly [head: string, data: string])[]): Buffer {
  const written = parts.map(([head, data]) => `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${data}\r\n`);
  return Buffer.from(`${written.join("")}--b--\r\n`);
}
const codeOf = (read: () => unknown) => {
  try {
    read();
  } catch (error) {
    return (error as { type?: unknown; data?: { field?: string } }).type;
  }
  return "accepted";
};

describe("a form over HTTP", () => {
  let gateway: TestGateway;
  afterEach(() => gateway.stop());
  const start = (seen: unknown[] = []) =>
    startStreamGateway({
      post: {
        path: "/api/posts/:id",
        method: "POST",
        body: declared,
        bodyLimit: 2000,
        params: { id: string({ min: 1, max: 5 }) },
        returns: object({ files: unbounded.integer() }),
        async run(ctx) {
          const files = await readFiles(ctx as never);
          seen.push(
            ctx.params,
            files.map(({ contents, name }) => [name, String(contents)]),
          );
          return { files: files.length };
        },
      },
    });
  const token = tokenOf("ann");
  const filled = (more: Record<string, string | Blob> = {}) => {
    const given = new FormData();
    const fields = { title: "Über \r\n uns", count: "3", tags: "a", ...more };
    for (const [name, value] of Object.entries(fields)) given.append(name, value);
    return given;
  };
  const post = (body: FormData, path = "/api/posts/7") =>
    fetch(gateway.url + path, { method: "POST", body, headers: { authorization: `Bearer ${token}` } });

  test("runs the action once, with all fields and files of the form", async () => {
    const seen: unknown[] = [];
    gateway = await start(seen);
    const body = filled();
    body.append("tags", "b");
    body.append("photo", new Blob(["png one"], { type: "image/png" }), "C:\\fake\\one.png");
    body.append("note", new Blob(["note"], { type: "text/plain" }), "../../etc/passwd");
    body.append("photo", new Blob(["png two"], { type: "image/png" }), 'two"\u202e.png');
    const response = await post(body);
    expect([response.status, await response.json()]).toEqual([200, { files: 3 }]);
    const file = (field: string, name: string, type: string, bytes: number) => ({ field, name, type, bytes });
    expect(seen).toEqual([
      {
        id: "7",
        title: "Über \r\n uns",
        count: 3,
        tags: ["a", "b"],
        files: [
          file("photo", "one.png", "image/png", 7),
          file("note", "passwd", "text/plain", 4),
          file("photo", 'two".png', "image/png", 7),
        ],
      },
      [
        ["one.png", "png one"],
        ["passwd", "note"],
        ['two".png', "png two"],
      ],
    ]);
  });

  test.each([
    ["a parameter of the path", filled({ id: "8" }), 422],
    ["__proto__", filled({ ["__proto__"]: "x", constructor: "x" }), 422],
    ["a field that is too long", filled({ title: "x".repeat(21) }), 422],
    ["a number that is none", filled({ count: "many" }), 422],
    ["a file for a field", filled({ title: new Blob(["x"]) }), 422],
    ["text for a file", filled({ photo: "x" }), 415],
    ["a file of another type", filled({ photo: new Blob(["x"], { type: "image/svg+xml" }) }), 415],
    ["a file that is too large", filled({ note: new Blob(["x".repeat(11)], { type: "text/plain" }) }), 413],
  ])("is refused with %s", async (_what, body, status) => {
    const seen: unknown[] = [];
    gateway = await start(seen);
    expect((await post(body)).status).toBe(status);
    expect(seen).toEqual([]);
  });

  test("is refused with another media type, or without a boundary", async () => {
    gateway = await start();
    for (const type of ["application/x-www-form-urlencoded", "multipart/form-data", "multipart/mixed; boundary=b"]) {
      const answer = await gateway.request("POST", "/api/posts/7", {
        token,
        body: "x",
        headers: { "content-type": type },
      });
      expect(answer.status).toBe(415);
    }
  });
});

describe("reading a form", () => {
  const good: [string, string][] = [
    ['name="title"', "x"],
    ['name="count"', "1"],
  ];

  test("finds the boundary in what browsers, curl and fetch send, and in nothing else", () => {
    expect(boundaryOf("multipart/form-data; boundary=----WebKitFormBoundaryAbC")).toBe("----WebKitFormBoundaryAbC");
    expect(boundaryOf('Multipart/Form-Data;boundary="a b"')).toBe("a b");
    for (const wrong of [
      undefined,
      "multipart/form-data",
      "multipart/form-data; boundary=",
      `multipart/form-data; boundary=${"x".repeat(71)}`,
      "multipart/form-data; boundary=a; boundary=b",
      'multipart/form-data; boundary="a\r\nb"',
      'multipart/form-data; boundary="a "',
      "application/json; boundary=a",
    ])
      expect(boundaryOf(wrong)).toBeUndefined();
  });

  test("takes fields, lists and files", () => {
    const body = formOf(...good, ['name="tags"', "a"], ['name="tags"', "b"], ['name="photo"; filename=""', ""]);
    expect(readForm(body, "b", declared)).toEqual({
      fields: { title: "x", count: 1, tags: ["a", "b"] },
      files: [],
      contents: [],
    });
    expect(maxPartsOf(declared)).toBe(7);
  });

  test.each([
    ["text before the first part", (body: string) => `x${body}`],
    ["text after the last part", (body: string) => `${body}x`],
    ["no last boundary", (body: string) => body.replace("--b--", "--b")],
    ["a part without an end", (body: string) => body.slice(0, -12)],
    ["a part without a name", (body: string) => body.replace('; name="title"', "")],
    ["two names", (body: string) => body.replace('name="title"', 'name="title"; name="count"')],
    ["an extended name", (body: string) => body.replace('name="title"', "name*=utf-8''title")],
    [
      "two dispositions",
      (body: string) => body.replace("\r\n\r\n", '\r\nContent-Disposition: form-data; name="a"\r\n\r\n'),
    ],
    ["another disposition", (body: string) => body.replace("form-data", "attachment")],
    ["a folded header", (body: string) => body.replace("form-data;", "form-data;\r\n ")],
    ["a bare line feed in a header", (body: string) => body.replace("form-data;", "form-data;\n")],
    ["a coding", (body: string) => body.replace("\r\n\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\n")],
    ["a long head", (body: string) => body.replace("\r\n\r\n", `\r\nX: ${"x".repeat(2048)}\r\n\r\n`)],
    ["many header lines", (body: string) => body.replace("\r\n\r\n", `${"\r\nX: 1".repeat(9)}\r\n\r\n`)],
    ["bytes that are not UTF-8 in a name", (body: string) => body.replace("title", "\xff")],
    ["nothing", () => ""],
    ["boundaries alone", () => "--b"],
  ])("refuses %s as malformed", (_what, change) => {
    const body = Buffer.from(change(formOf(...good).toString("latin1")), "latin1");
    expect(codeOf(() => readForm(body, "b", declared))).toBe("BAD_REQUEST");
  });

  test.each([
    ["a second value of a field", [...good, ['name="title"', "y"]], "VALIDATION"],
    ["a name that is not declared", [...good, ['name="other"', "y"]], "VALIDATION"],
    ["__proto__", [...good, ['name="__proto__"', "y"]], "VALIDATION"],
    [
      "more files than are declared",
      Array(2).fill(['name="note"; filename="a"\r\nContent-Type: text/plain', "y"]),
      "VALIDATION",
    ],
    ["more parts than are declared", Array(8).fill(['name="tags"', "y"]), "PAYLOAD_TOO_LARGE"],
  ] as [string, [string, string][], string][])("refuses %s", (_what, parts, code) => {
    expect(codeOf(() => readForm(formOf(...parts), "b", declared))).toBe(code);
  });

  test("a value that is not UTF-8 is refused", () => {
    const body = Buffer.from(formOf(['name="title"', "@"]).toString("latin1").replace("@", "\xff"), "latin1");
    expect(codeOf(() => readForm(body, "b", declared))).toBe("VALIDATION");
  });

  test("whatever is changed in a form, it is read as it was sent or refused, in a moment", () => {
    const original = formOf(...good, [
      'name="photo"; filename="a.png"\r\nContent-Type: image/png',
      "\r\n--\r\n--B\r\n",
    ]);
    const pieces = [
      "\r",
      "\n",
      "\r\n",
      "--",
      "--b",
      "--b--",
      ":",
      '"',
      "\\",
      "%22",
      ";",
      "\0",
      "\xff",
      "name=",
      "filename=",
    ];
    let seed = 11;
    const pick = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    const outcomes = new Set<unknown>();
    for (let round = 0; round < 5_000; round++) {
      let text = original.toString("latin1");
      for (let change = 0; change <= pick(3); change++) {
        const at = pick(text.length + 1);
        text = text.slice(0, at) + (pieces[pick(pieces.length)] ?? "") + text.slice(at + pick(4));
      }
      const body = Buffer.from(text, "latin1");
      const outcome = codeOf(() => {
        const parts = readParts(body, "b", 7);
        // nothing between two boundaries is lost or read twice
        expect(parts.reduce((sum, { data }) => sum + data.length, 0)).toBeLessThanOrEqual(body.length);
        for (const { data } of parts) expect(data.includes("\r\n--b")).toBe(false);
        readForm(body, "b", declared);
      });
      outcomes.add(outcome);
    }
    for (const outcome of outcomes)
      expect(["accepted", "BAD_REQUEST", "VALIDATION", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"]).toContain(
        outcome,
      );
    expect(outcomes.size).toBeGreaterThan(3);
  });
});
