// Attacks that failed when they were tried: texts that become a script in a page that takes them for markup.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { readConfig } from "../../../../backend/config.ts";
import { call } from "../../../../backend/contract/index.ts";
import { type Backend, startBackend } from "../../../../backend/main.ts";
import { freePort } from "../../../../scripts/local-site/free-port.ts";
import { testModules } from "../../../backend/test-modules.ts";
import { NO_LIMITS } from "../../../backend/test-options.ts";
import { fillRegistration, online, PASSWORD, press, reads, until } from "../acts.ts";
import { startBrowser, type TestBrowser } from "../browser.ts";

/**
 * At most 64 characters, so that each is a display name and a room's title as well. Each sets `owned` when it runs.
 */
const PAYLOADS = [
  "<script>owned=1</script>",
  "<img src=x onerror=owned=1>",
  "<svg/onload=owned=1>",
  `"><img src=x onerror="owned=1">`,
  "' autofocus onfocus='owned=1' x='",
  `<iframe srcdoc="<script>parent.owned=1</script>"></iframe>`,
  `<a href="javascript:owned=1">x</a>`,
  "javascript:owned=1",
  "</textarea></title></dialog><script>owned=1</script>",
  "<details open ontoggle=owned=1>x",
  "&lt;img src=x onerror=owned=1&gt;&#60;b&#62;",
  "<math><mtext><style><img src=x onerror=owned=1></style>",
];

let dataDir: string;
let backend: Backend;
let browser: TestBrowser;
let origin: string;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "causeway-stored-"));
  const port = await freePort(4400);
  origin = `http://chat.causeway.localhost:${port}`;
  const env = { PORT: String(port), DATA_DIR: dataDir, ORIGINS: origin, LOG_LEVEL: "silent", DRAIN_SECONDS: "1" };
  backend = await startBackend(readConfig(env), { limits: NO_LIMITS, modules: testModules() });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await backend.stop();
  rmSync(dataDir, { recursive: true });
});

let people = 0;
/** Registers a user with this name, who puts the text wherever users can: titles, messages, reports, typing. */
async function store(text: string, administratorId: string): Promise<void> {
  const email = `author${++people}@example.org`;
  const { accessToken } = await call(backend.broker, "users.register", { email, password: PASSWORD, name: text });
  const user = await call(backend.broker, "auth.verifyToken", { token: accessToken });
  const by = { meta: { user } };
  const { room } = await call(backend.broker, "chat.create", { kind: "private", title: text }, by);
  await call(backend.broker, "chat.invite", { room, user: administratorId }, by);
  await call(backend.broker, "chat.direct", { user: administratorId }, by);
  const sent = { room: "lobby", text, clientId: `c${people}` };
  const { message } = await call(backend.broker, "chat.send", sent, by);
  await call(backend.broker, "chat.report", { room: "lobby", seq: message.seq, reason: text }, by);
  await call(backend.broker, "chat.typing", { room: "lobby" }, by);
  await call(backend.broker, "chat.sendMessageToAll", { text }, { meta: { user: { ...user, roles: ["moderator"] } } });
}

/** Tag names of all elements, attributes that are code, and addresses that are code. */
const MARKUP = `(() => {
  const all = [...document.querySelectorAll("*")];
  const attributes = all.flatMap((one) => [...one.attributes]);
  return {
    tags: [...new Set(all.map(({ localName }) => localName))].sort(),
    scripts: document.scripts.length,
    handlers: attributes.filter(({ name }) => /^on|^srcdoc$/.test(name)).map(({ name, value }) => name + "=" + value),
    addresses: attributes.filter(({ value, name }) => /^(href|src|action|formaction)$/.test(name) && /^\\W*(javascript|data):/i.test(value)).map(({ value }) => value),
    owned: typeof owned,
  };
})()`;

test("12 stored scripts: none runs, and no markup is made of one, in an administrator's page without its policy", async () => {
  const { page, complaints } = await browser.visitor();
  // the policy would stop what runs; without it the page itself has to make no markup
  await page.setBypassCSP(true);
  await page.goto(`${origin}${backend.setupPath}`);
  await fillRegistration(page, "Root");
  const me = await page.evaluate(`fetch("/api/auth/refresh", { method: "POST" }).then((one) => one.json())`);
  const administratorId = (me as { user: { id: string } }).user.id;
  const missing: string[] = [];
  /**
   * Waits for so many elements (one for each author), then notes which of these texts no element shows character by
   * character.
   */
  const shows = async (selector: string, expected: readonly string[], count = people) => {
    await until(page, `document.querySelectorAll(${JSON.stringify(selector)}).length >= ${count}`);
    const shown = await page.$$eval(selector, (all) => all.map((one) => one.textContent ?? ""));
    const isShown = (text: string) => shown.some((one) => one.includes(text));
    missing.push(...expected.filter((text) => !isShown(text)).map((text) => `${selector}: ${text}`));
  };
  /** Opens everything that shows what other users wrote. Returns what was made of it. */
  const look = async (expected: readonly string[]) => {
    await shows("#messages .message .text", expected);
    await shows("#messages .message .name", expected);
    await shows("#rooms .room-title", expected);
    await page.locator("#members-open").click();
    await shows("#member-list li", expected);
    await page.keyboard.press("Escape");
    await page.locator("#reports-open").click();
    await shows("#report-list li", expected);
    await shows("#report-list .facts p", expected);
    await page.keyboard.press("Escape");
    for (const text of missing.length > 0 ? [] : expected) {
      await press(page, "#messages", text);
      await reads(page, "#person-name", text);
      await press(page, "#person", "Close");
    }
    await page.locator("#admin-open").click();
    await shows("#users li", expected);
    return { missing: missing.splice(0), ...((await page.evaluate(MARKUP)) as object) };
  };

  await store("Plain name", administratorId);
  const plain = await look(["Plain name"]);
  expect(plain).toMatchObject({ missing: [], handlers: [], addresses: [], owned: "undefined" });

  await page.reload();
  await online(page);
  for (const text of PAYLOADS) await store(text, administratorId);
  await shows(".announcement .text", PAYLOADS, PAYLOADS.length);
  // as the texts arrive, and as a page that is opened later reads them from the store
  expect(await look(PAYLOADS)).toEqual(plain);
  await page.reload();
  await online(page);
  expect(await look(PAYLOADS)).toEqual(plain);
  expect(complaints).toEqual([]);
});
