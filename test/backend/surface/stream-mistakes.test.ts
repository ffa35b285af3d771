import { expect, test } from "@jest/globals";
import { boolean, object, string } from "../../../backend/surface/grammar.ts";
import { bytes, events, form, webhook } from "../../../backend/surface/stream-grammar.ts";
import { streamMistakes } from "../../../backend/surface/stream-mistakes.ts";

const png = { types: ["image/png"] };
const entry = { kind: "stream", method: "POST", bodyLimit: 1000, params: {}, body: bytes(png), returns: bytes(png) };
const files = { picture: { ...png, max: 1, bytes: 100 } };

const linesOf = (changed: object) =>
  streamMistakes({ ...entry, ...changed }).map(({ place, problem, remedy }) => `${place} ${problem}; ${remedy}.`);

test.each([
  ["bytes", {}],
  ["a stream", { body: bytes({ ...png, streamed: true }) }],
  ["a form", { body: form({ fields: { title: string({ min: 1, max: 9, secret: true }) }, files }) }],
  ["a webhook", { body: webhook({ scheme: "standard", secret: "SHOP" }) }],
  ["a webhook with its own header", { body: webhook({ scheme: "timestamped", header: "x-sig", secret: "A_1" }) }],
  ["no body", { method: "GET", bodyLimit: 0, body: undefined }],
  ["JSON", { returns: object({ done: boolean() }) }],
  ["events", { returns: events({ changed: object({}) }) }],
])("an entry with %s has no mistake", (_what, changed) => {
  expect(linesOf(changed)).toEqual([]);
});

test.each([
  ["kind", { kind: "upload" }, 'kind is "upload"; write "stream", or leave it out.'],
  ["no limit", { bodyLimit: 0 }, "bodyLimit is 0, and the entry has a body; give the largest body in bytes."],
  [
    "a limit of nothing",
    { body: undefined },
    "bodyLimit is 1000, and the entry has no body; set it to 0, or say what the body is.",
  ],
  ["GET", { method: "GET" }, "body is that of a GET request, which has none; use another method."],
  ["an unknown body", { body: {} }, "body is {}; make it with bytes, form or webhook of stream-grammar.ts."],
  ["no types", { body: bytes({ types: [] }) }, 'body.types names no media type; name one at least: ["image/png"].'],
  [
    "a type with parameters",
    { returns: bytes({ types: ["text/plain; charset=utf-8"] }) },
    'returns.types holds "text/plain; charset=utf-8"; write a media type in small letters, without parameters.',
  ],
  ["an unknown answer", { returns: {} }, "returns has the type undefined"],
  [
    "no events",
    { returns: events({}) },
    "returns.events names no event; name one at least: events({ changed: object({}) }).",
  ],
  ["an event that is no schema", { returns: events({ a: {} as never }) }, "returns.events.a "],
  [
    "an unknown scheme",
    { body: webhook({ scheme: "github" as never, secret: "A" }) },
    'body.scheme is "github"; use standard or timestamped.',
  ],
  [
    "no header",
    { body: webhook({ scheme: "timestamped", secret: "A" }) },
    "body.header is undefined; name the header that carries the signature, in small letters.",
  ],
  [
    "a secret in place of its name",
    { body: webhook({ scheme: "standard", secret: "whsec_abc" }) },
    'body.secret is "whsec_abc"; name the secret in capitals: STRIPE is the variable WEBHOOK_SECRET_STRIPE.',
  ],
  [
    "a form without files",
    { body: form({ fields: {}, files: {} }) },
    "body.files names no file; a form without files is an entry that takes JSON.",
  ],
  [
    "a field of the path's name",
    { params: { id: string({ min: 1, max: 9 }) }, body: form({ fields: { id: string({ min: 1, max: 9 }) }, files }) },
    "body.id is also a parameter of the action; give the field another name.",
  ],
  [
    "a field where files are",
    { body: form({ fields: { files: boolean() }, files }) },
    "body.files is also a parameter of the action; give the field another name.",
  ],
  [
    "a file larger than the body",
    { body: form({ fields: {}, files: { picture: { ...png, max: 1, bytes: 1001 } } }) },
    "body.files.picture.bytes is 1001; give the bytes of one file, up to the bodyLimit of 1000.",
  ],
  [
    "too many files",
    { body: form({ fields: {}, files: { picture: { ...png, max: 101, bytes: 1 } } }) },
    "body.files.picture.max is 101; give the number of files, from 1 to 100.",
  ],
  ["an unbounded field", { body: form({ fields: { a: { type: "string" } as never }, files }) }, "body.fields.a"],
])("%s: the message says what and what to do", (_what, changed, line) => {
  const lines = linesOf(changed);
  expect(lines.join("\n")).toContain(line);
  expect(lines).toHaveLength(1);
});
