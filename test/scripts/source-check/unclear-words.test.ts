import { expect, test } from "@jest/globals";
import { unclearWords } from "../../../scripts/source-check/unclear-words.ts";

const problems = (text: string, path = "backend/users/user.ts") => unclearWords({ path, text });

test("H1: an unclear word is refused with its place and what to say instead", () => {
  const text = "/**\n * Waits.\n * Closed for somebody.\n */\nfunction close() {}\n";
  expect(problems(text)).toEqual([
    'backend/users/user.ts:3: "somebody" in a comment: say who: the client, the caller, another user, no user',
  ]);
});

test.each([
  ["a comment at the end of a line", "let a = 1; // Nobody reads it"],
  ["a comment before a bracket", "call(\n  a,\n  // whoever it is\n);"],
  ["a comment at the end of a file", "let a;\n// for whom it is"],
  ["a comment in a template", `const a = \`\${/* somebody */ b}\`;`],
  ["a name", "const nobody = 1;"],
  ["a part of a name", "type AboutSomebody = string;"],
  ["a part of a constant", "const NOBODY_LEFT = 1;"],
  ["a private member", "class A { #whoever = 1; }"],
  ["a packet or a mail", "const encodedLetter = 1;"],
  ["actions", "import { connectDeeds } from './actions.ts';"],
])("H1: refused: %s", (_, text) => {
  expect(problems(text)).toHaveLength(1);
});

test.each([
  ["strings", `const a = 'Nobody is here', b = \`somebody \${c}\`;`],
  ["regular expressions", "const a = /nobody/;"],
  ["other words", "// indeed, some body, whomever; the lettered\nconst bodyOf = 1;"],
  ["letters of the alphabet", "// letters and digits"],
])("H1: allowed: %s", (_, text) => {
  expect(problems(text)).toEqual([]);
});

test("H1: a room is a chat room: other folders use another word", () => {
  const text = "// no room for more\nconst roomFor = 1;";
  const others = ["infra/rules/plan.ts", "cloudflared/start.ts", "backend/mail/post.ts", ".dependency-cruiser.mjs"];
  for (const path of [...others, "backend/page/app.ts", "backend/gateway/handlers.ts", "backend/nodes/peers.ts"])
    expect(problems(text, path)).toHaveLength(2);
  for (const path of ["backend/chat/rooms.ts", "backend/page/chat/room-list.ts"])
    expect(problems(text, path)).toEqual([]);
});

test("H1: the word letter is allowed in the folders that deal with characters", () => {
  const text = "const letter = 1;";
  expect(problems(text, "backend/text/name.ts")).toEqual([]);
  expect(problems(text, "infra/rules/regex/class.ts")).toEqual([]);
  expect(problems(text, "infra/policy/deploy.ts")).toHaveLength(1);
});
