import { expect, test } from "@jest/globals";
import { createLog } from "../../../backend/log.ts";
import { type Mail, mailOfNotice, mailWithLink } from "../../../backend/mail/mail.ts";
import { createPost, MailRefusedError } from "../../../backend/mail/post.ts";
import { memoryThrottles } from "../../../backend/throttle/throttle-memory.ts";

const SECRET = "s3cret-token";
const mailTo = (to: string): Mail => mailWithLink("reset", to, `https://chat.example.org/#reset=${SECRET}`);
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A post whose carrier, clock and pauses are in the test's hands. */
function makePost(deliver: (mail: Mail) => Promise<void>) {
  const lines: string[] = [];
  const log = createLog({ logLevel: "info" }, { write: (line) => void lines.push(line) });
  const waiting: { pause: number; work: () => void }[] = [];
  const later = (pause: number, work: () => void) => void waiting.push({ pause, work });
  const post = createPost({ carrier: { deliver }, log, throttles: memoryThrottles(), clock: () => 1, later });
  return { post, lines, waiting };
}

test("sending never waits for the mail server, and what it cannot take is tried again for a quarter of an hour", async () => {
  let tries = 0;
  const { post, lines, waiting } = makePost(async () => {
    tries += 1;
    throw Object.assign(new Error(`connect to ada@example.org with ${SECRET}`), { code: "ECONNREFUSED" });
  });
  post.send(mailTo("ada@example.org"));
  const pauses: number[] = [];
  for (;;) {
    await settled();
    const next = waiting.shift();
    if (!next) break;
    pauses.push(next.pause);
    next.work();
  }
  expect(tries).toBe(5);
  expect(pauses.reduce((sum, pause) => sum + pause)).toBeLessThan(20 * 60_000);
  expect(lines.at(-1)).toContain("mail could not be sent");
  // neither the address nor the link nor the server's words
  expect(lines.join("")).not.toMatch(/example|s3cret|connect to/);
});

test("a mail that is refused for good is not tried again", async () => {
  const { post, lines, waiting } = makePost(async () => {
    throw Object.assign(new MailRefusedError(), { responseCode: 550 });
  });
  post.send(mailTo("ada@example.org"));
  await settled();
  expect(waiting).toEqual([]);
  expect(lines.at(-1)).toContain('"responseCode":550');
});

test("a dead mail server costs bounded memory: a thousand mails wait, the rest is dropped; two are under way at a time", async () => {
  const under: (() => void)[] = [];
  const { post, lines } = makePost(() => new Promise((resolve) => under.push(resolve)));
  for (let n = 0; n < 1500; n += 1) post.send(mailTo(`n${n}@example.org`));
  await settled();
  expect(under).toHaveLength(2);
  expect(lines.filter((line) => line.includes("dropped"))).toHaveLength(500);
  let delivered = 0;
  for (let next = under.shift(); next; next = under.shift()) {
    next();
    delivered += 1;
    await settled();
  }
  expect(delivered).toBe(1000);
  post.send(mailTo("late@example.org"));
  await settled();
  expect(under).toHaveLength(1);
  under.shift()?.();
});

test("one address gets ten mails of a kind at once and no more", async () => {
  const mails: Mail[] = [];
  const { post } = makePost(async (mail) => void mails.push(mail));
  for (let n = 0; n < 50; n += 1) post.send(mailTo("ada@example.org"));
  post.send(mailTo("bob@example.org"));
  await settled();
  expect(mails.filter(({ to }) => to === "ada@example.org")).toHaveLength(11);
  expect(mails.filter(({ to }) => to === "bob@example.org")).toHaveLength(1);
  // those that anybody can cause are counted apart from those that matter
  post.send(mailOfNotice("passwordChanged", "ada@example.org", "https://chat.example.org"));
  await settled();
  expect(mails.at(-1)).toMatchObject({ kind: "passwordChanged", to: "ada@example.org" });
});

test("stopping waits for what is under way and gives the rest up", async () => {
  const under: (() => void)[] = [];
  const { post, lines } = makePost(() => new Promise((resolve) => under.push(resolve)));
  for (const name of ["a", "b", "c"]) post.send(mailTo(`${name}@example.org`));
  await settled();
  const stopped = post.stop();
  for (const done of under) done();
  await stopped;
  expect(under).toHaveLength(2);
  expect(lines.some((line) => line.includes("mails given up"))).toBe(true);
});

test("mails say what to do, and a notice leads to the site", () => {
  const { text } = mailOfNotice("passwordChanged", "ada@example.org", "https://chat.example.org");
  expect(text).toContain("https://chat.example.org/");
  for (const kind of ["verify", "move", "reset"] as const) {
    const mail = mailWithLink(kind, "ada@example.org", "https://chat.example.org/#x=y");
    // a link that stands in a line of its own survives every mail program
    expect(mail.text.split("\n")).toContain("https://chat.example.org/#x=y");
  }
});
