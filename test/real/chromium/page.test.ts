import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { Page } from "puppeteer-core";
import { readConfig } from "../../../backend/config.ts";
import { type Backend, startBackend } from "../../../backend/main.ts";
import { loadAssets } from "../../../backend/page/index.ts";
import { freePort } from "../../../scripts/local-site/free-port.ts";
import { openStore } from "../../backend/store/open-store.ts";
import { NO_LIMITS } from "../../backend/support.ts";
import { emailOf, focus, online, PASSWORD, reads, register as registerAt, say, shows, texts, until } from "./acts.ts";
import { PHONE, startBrowser, type TestBrowser } from "./browser.ts";

/**
 * The form to sign in, where it is visible: while a user is signed in, it is not hidden, but the entrance around it is.
 */
const LOGIN = "#entrance:not([hidden]) #login:not([hidden])";
const assets = await loadAssets();
let dataDir: string;
let port: number;
let origin: string;
let backend: Backend;
let browser: TestBrowser;

const start = () => {
  const origins = [origin, `http://127.0.0.1:${port}`, `http://localhost:${port}`].join(",");
  const env = { PORT: String(port), DATA_DIR: dataDir, ORIGINS: origins, LOG_LEVEL: "silent", DRAIN_SECONDS: "1" };
  // all visitors of these tests come from one address
  return startBackend(readConfig(env), { assets, limits: NO_LIMITS });
};

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "causeway-page-"));
  port = await freePort(4200);
  origin = `http://chat.causeway.localhost:${port}`;
  backend = await start();
  browser = await startBrowser();
});
afterEach(() => browser.leave());
afterAll(async () => {
  await browser.close();
  await backend.stop();
  rmSync(dataDir, { recursive: true });
});

const register = (page: Page, name: string, at = origin) => registerAt(page, at, name);

test("two people register and talk, live; markup is text; nothing breaks the Content-Security-Policy", async () => {
  const [ada, bob] = [await browser.visitor(), await browser.visitor(PHONE, "dark")];
  await register(ada.page, "Ada");
  await register(bob.page, "Bob");
  await say(ada.page, "Hello Bob");
  await shows(bob.page, "Hello Bob");
  const markup = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>";
  await say(bob.page, markup);
  await shows(ada.page, markup);
  expect(await ada.page.$$(".message img, .message b b")).toEqual([]);
  expect(await texts(bob.page)).toEqual(["Hello Bob", markup]);
  expect(await ada.page.title()).toBe("Causeway");
  expect(ada.complaints).toEqual([]);
  expect(bob.complaints).toEqual([]);
});

test("links in messages open in a tab of their own, and show the host that they lead to", async () => {
  const { page, complaints } = await browser.visitor(PHONE);
  await register(page, "Lin");
  await say(
    page,
    `(${origin}/favicon.svg), https://bücher.example/ä, http://good.example@evil.example/ javascript:alert(1)`,
  );
  await until(page, `document.querySelectorAll(".message[data-fate=sent] .text a").length === 2`);
  const links = await page.$$eval(".message .text a", (all) =>
    all.map((one) => [one.textContent, ...["href", "target", "rel"].map((name) => one.getAttribute(name))]),
  );
  const rest = ["_blank", "noopener noreferrer nofollow"];
  expect(links).toEqual([
    [`${origin}/favicon.svg`, `${origin}/favicon.svg`, ...rest],
    ["https://xn--bcher-kva.example/ä", "https://xn--bcher-kva.example/%C3%A4", ...rest],
  ]);
  const opened = new Promise<Page | null>((resolve) => {
    page.browserContext().once("targetcreated", (target) => void target.page().then(resolve));
  });
  await page.locator(".message .text a").click();
  const tab = await opened;
  expect(await tab?.evaluate("[opener, document.referrer]")).toEqual([null, ""]);
  expect(complaints).toEqual([]);
});

test("a reload finds the session in its cookie, which no script can read", async () => {
  const { page } = await browser.visitor();
  await register(page, "Cora");
  const cookies = await page.browserContext().cookies();
  expect(cookies).toMatchObject([
    { name: "__Host-refresh", httpOnly: true, secure: true, sameSite: "Strict", path: "/" },
  ]);
  expect(await page.evaluate("document.cookie")).toBe("");
  const stored = await page.evaluate("JSON.stringify({ ...localStorage, ...sessionStorage })");
  expect(stored).not.toMatch(/eyJ|[A-Za-z0-9_-]{43}/);
  await page.reload();
  await online(page);
  expect(await page.$eval("#me", (me) => me.textContent)).toBe("Cora");
});

test("a page of which all has been read shows it after a reload, from few requests, and does not scroll itself", async () => {
  const { page } = await browser.visitor(PHONE);
  const asked: string[] = [];
  page.on("response", (response) => {
    const from = response.fromCache() ? "kept" : response.status();
    asked.push(`${new URL(response.url()).pathname} ${from}`);
  });
  const requests = () => asked.splice(0).filter((one) => !one.endsWith(" kept") && !one.startsWith("/api/"));
  await page.goto(`${origin}/`);
  await page.waitForSelector(LOGIN);
  expect(requests().sort()).toEqual(["/ 200", "/app.css 200", "/app.js 200", "/favicon.svg 200"]);
  await register(page, "Mona");
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
  for (const line of lines) await say(page, line);
  await until(page, `document.querySelectorAll("[data-fate=sent].own").length >= 30`);
  requests();
  await page.reload();
  await online(page);
  await shows(page, "line 29");
  expect(requests()).toEqual(["/ 304"]);
  expect(await page.$eval("#empty", (one) => one.checkVisibility())).toBe(false);
  const size = "const { scrollHeight, scrollWidth } = document.documentElement; return [scrollHeight, scrollWidth]";
  expect(await page.evaluate(`(() => { ${size} })()`)).toEqual([PHONE.height, PHONE.width]);
});

test.each(["127.0.0.1", "localhost"])("the page at http://%s works, a reload included", async (host) => {
  const { page } = await browser.visitor();
  await register(page, host === "localhost" ? "Lou" : "Max", `http://${host}:${port}`);
  await page.reload();
  await online(page);
});

test("logging out takes the cookie away and asks to sign in; a reload does not bring the session back", async () => {
  const { page, complaints } = await browser.visitor();
  await register(page, "Dora");
  await page.locator("#account-open").click();
  await page.locator("#logout").click();
  await page.waitForSelector(LOGIN);
  expect(await page.browserContext().cookies()).toEqual([]);
  await page.reload();
  await page.waitForSelector(LOGIN);
  await page.locator("#login-email").fill(emailOf("Dora"));
  await page.locator("#login-password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await online(page);
  expect(complaints).toEqual([]);
});

test("what is wrong is said in words, at the field, and the focus goes there", async () => {
  const { page } = await browser.visitor(PHONE);
  await page.goto(`${origin}/`);
  await page.locator("#login button[type=submit]").click();
  const problem = (form: string) => page.$eval(`#${form} .problem:not([hidden])`, (one) => one.textContent);
  expect(await problem("login")).toBe("E-mail address is missing.");
  await page.locator("#login-email").fill(emailOf("Nobody"));
  await page.locator("#login-password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await until(page, `document.querySelector("#login .problem")?.textContent?.includes("wrong")`);
  expect(await problem("login")).toBe("The e-mail address or the password is wrong.");
  await page.locator("#login button[type=submit]").click();
  await until(page, `!document.querySelector("#login button[type=submit]").disabled`);
  expect(await page.evaluate(`document.activeElement.textContent`)).toBe("Sign in");
  await page.locator("#to-register").click();
  await page.locator("#register-name").fill("Eve");
  await page.locator("#register-email").fill(emailOf("Eve"));
  await page.locator("#register-password").fill("password123");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#register-password[aria-invalid=true]");
  expect(await focus(page)).toBe("register-password");
  expect(await problem("register")).toContain("among the first that are guessed");
});

test("too many attempts are counted down, whoever limits them; a block at the edge is a sentence", async () => {
  const { page } = await browser.visitor();
  await page.goto(`${origin}/`);
  let answer = { status: 429, headers: { "retry-after": "2" }, body: "<!doctype html><h1>Error 1015</h1>" };
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    const edge = { ...answer, contentType: "text/html" };
    void (request.url().endsWith("/api/auth/login") ? request.respond(edge) : request.continue());
  });
  await page.locator("#login-email").fill("x@example.org");
  await page.locator("#login-password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#login .problem:not([hidden])");
  expect(await page.$eval("#login .problem", (one) => one.textContent)).toBe(
    "Too many attempts. Try again in 2 seconds.",
  );
  expect(await page.$eval("#login .primary", (one) => one.textContent)).toMatch(/^Wait [12] s$/);
  await page.waitForSelector("#login .primary:not(:disabled)");
  answer = { status: 403, headers: { "retry-after": "" }, body: "<html>Sorry, you have been blocked</html>" };
  await page.locator("#login .primary").click();
  await until(page, `document.querySelector("#login .problem")?.textContent?.includes("blocked")`);
});

test("without a connection the page says so, keeps what is written and sends it once", async () => {
  const [ada, bob] = [await browser.visitor(), await browser.visitor(PHONE)];
  await register(ada.page, "Fay");
  await register(bob.page, "Gus");
  await backend.stop();
  await ada.page.waitForSelector("#banner:not([hidden])");
  expect(await ada.page.$eval("#status", (one) => one.textContent)).toBe("Reconnecting …");
  await say(ada.page, "written while it was gone");
  await ada.page.waitForSelector(".message[data-fate=waiting]");
  backend = await start();
  await shows(bob.page, "written while it was gone");
  await ada.page.waitForSelector("#banner", { hidden: true });
  await until(ada.page, `document.querySelectorAll("[data-fate=waiting], [data-fate=sending]").length === 0`);
  for (const { page } of [ada, bob]) {
    expect((await texts(page)).filter((text) => text === "written while it was gone")).toHaveLength(1);
  }
});

test("rooms are joined, marked unread, left; the keyboard is enough", async () => {
  const [ada, bob] = [await browser.visitor(), await browser.visitor()];
  await register(ada.page, "Hana");
  await register(bob.page, "Ivo");
  for (const { page } of [ada, bob]) {
    await page.focus("#join-open");
    await page.keyboard.press("Enter");
    await page.keyboard.type("Boats");
    await page.keyboard.press("Enter");
    await until(page, `document.querySelector("#room-name")?.textContent === "boats"`);
    expect(await focus(page)).toBe("text");
  }
  await ada.page.locator("#rooms li:first-child button").click();
  await say(bob.page, "Anybody sailing?");
  await until(ada.page, `document.querySelector(".unread")?.textContent === "1 unread"`);
  expect(await ada.page.title()).toBe("(1) Causeway");
  await ada.page.locator("#rooms li:nth-child(2) button").click();
  await shows(ada.page, "Anybody sailing?");
  await ada.page.waitForSelector(".unread", { hidden: true });
  await ada.page.reload();
  await until(ada.page, `document.querySelectorAll("#rooms li").length === 2`);
  await ada.page.locator("#rooms li:nth-child(2) button").click();
  await ada.page.locator("#leave").click();
  await until(ada.page, `document.querySelectorAll("#rooms li").length === 1`);
});

/** The link in the newest mail to this user. */
function linkFor(name: string): string | undefined {
  const folder = join(dataDir, "outbox");
  const mails = readdirSync(folder)
    .sort()
    .map((file) => readFileSync(join(folder, file), "utf8"));
  const mail = mails.findLast((one) => one.includes(`To: <${emailOf(name)}>`));
  return mail?.split("\n").find((line) => line.startsWith(`${origin}/#`));
}
/** Waits for a link to this user that differs from `before`: mails are sent after the response. */
async function mailed(name: string, before?: string): Promise<string> {
  for (;;) {
    const link = linkFor(name);
    if (link !== undefined && link !== before) return link;
    await new Promise((then) => setTimeout(then, 20));
  }
}
const done = (page: Page, form: string, words: string) =>
  until(page, `document.querySelector("#${form} .done")?.textContent?.includes(${JSON.stringify(words)})`);

test("a forgotten password: a link by mail, a new password, every session ended, by keyboard alone", async () => {
  const [here, there] = [await browser.visitor(PHONE), await browser.visitor()];
  await register(there.page, "Nora");
  await here.page.goto(`${origin}/`);
  await here.page.locator("#login .to-forgot").click();
  expect(await focus(here.page)).toBe("forgot-email");
  const before = linkFor("Nora");
  await here.page.keyboard.type(emailOf("Nora"));
  await here.page.keyboard.press("Enter");
  await done(here.page, "forgot", "a link is on its way");
  const link = await mailed("Nora", before);
  await here.page.goto(link);
  await here.page.waitForSelector("#reset:not([hidden])");
  // the token is not left in the address, nor anywhere a later user of this browser would find it
  expect(await here.page.evaluate("location.href + JSON.stringify({ ...localStorage })")).not.toContain("reset=");
  expect(await focus(here.page)).toBe("reset-password");
  await here.page.keyboard.type("password123");
  await here.page.keyboard.press("Enter");
  await here.page.waitForSelector("#reset-password[aria-invalid=true]");
  await here.page.locator("#reset-password").fill("another horse");
  await here.page.keyboard.press("Enter");
  await done(here.page, "login", "Your password is changed");
  await there.page.waitForSelector(LOGIN);
  await here.page.locator("#login-email").fill(emailOf("Nora"));
  await here.page.locator("#login-password").fill("another horse");
  await here.page.keyboard.press("Enter");
  await online(here.page);
  await there.page.goto(link);
  await there.page.locator("#reset-password").fill("a third horse");
  await there.page.locator("#reset .primary").click();
  await until(there.page, `document.querySelector("#reset .problem")?.textContent?.includes("not valid any more")`);
  expect(here.complaints.filter((one) => !one.includes("422"))).toEqual([]);
});

test("an address is confirmed by a link and changed by another; the account shows which it is", async () => {
  const { page, complaints } = await browser.visitor();
  await register(page, "Olga");
  await reads(page, "#note-text", emailOf("Olga"));
  expect(await page.$$(".announcement")).toEqual([]);
  expect(await focus(page)).toBe("text");
  await page.locator("#note-close").click();
  await page.waitForSelector("#note[hidden]");
  expect(await focus(page)).toBe("text");
  await page.locator("#account-open").click();
  await page.waitForSelector("#unverified:not([hidden])");
  await page.locator("#resend").click();
  await until(page, `document.querySelector("#resent")?.textContent?.startsWith("A link was sent")`);
  await page.goto(await mailed("Olga"));
  await page.waitForSelector("#confirm:not([hidden])");
  expect(await focus(page)).toBe("confirm-button");
  await page.keyboard.press("Enter");
  await done(page, "confirm", "confirmed");
  expect(await focus(page)).toBe("confirm-onward");
  await page.keyboard.press("Enter");
  await online(page);
  await page.locator("#account-open").click();
  await page.locator("#address-email").fill(emailOf("Olga2"));
  await page.locator("#address-password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await done(page, "address", "A link is on its way");
  expect(await page.$eval("#unverified", (one) => one.hasAttribute("hidden"))).toBe(true);
  await page.goto(await mailed("Olga2"));
  await page.locator("#confirm-button").click();
  await done(page, "confirm", "confirmed");
  await page.locator("#confirm-onward").click();
  await online(page);
  await page.locator("#account-open").click();
  await until(page, `document.querySelector("#account-email")?.textContent === "${emailOf("Olga2")}"`);
  expect(complaints.filter((one) => !one.includes("429"))).toEqual([]);
});

test("a user changes the name, ends another session and removes the account", async () => {
  const [here, there] = [await browser.visitor(PHONE), await browser.visitor()];
  await register(here.page, "Lea");
  await there.page.goto(`${origin}/`);
  await there.page.locator("#login-email").fill(emailOf("Lea"));
  await there.page.locator("#login-password").fill(PASSWORD);
  await there.page.keyboard.press("Enter");
  await online(there.page);
  await here.page.locator("#account-open").click();
  await here.page.locator("#rename-name").fill("Lea Marie");
  await here.page.keyboard.press("Enter");
  await until(here.page, `document.querySelector("#me")?.textContent === "Lea Marie"`);
  await here.page.locator("#sessions button").click();
  await there.page.waitForSelector(LOGIN);
  expect(await there.page.$eval("#login .problem", (one) => one.textContent)).toContain("session has ended");
  await here.page.locator("#remove-password").fill(PASSWORD);
  await here.page.locator("#remove button").click();
  await here.page.waitForSelector(LOGIN);
  expect(await here.page.$eval("#login .problem", (one) => one.textContent)).toBe("Your account has been removed.");
  expect(here.complaints).toEqual([]);
});

test("an admin gives a role, which counts at once, disables a user, and sees both in the log", async () => {
  const [root, user] = [await browser.visitor(), await browser.visitor()];
  await root.page.goto(`${origin}${backend.setupPath}`);
  await root.page.waitForSelector("#setup-note:not([hidden])");
  expect(await root.page.evaluate("location.href")).toBe(`${origin}/`);
  await root.page.locator("#register-name").fill("Root");
  await root.page.locator("#register-email").fill(emailOf("Root"));
  await root.page.locator("#register-password").fill(PASSWORD);
  await root.page.keyboard.press("Enter");
  await online(root.page);
  await register(user.page, "Mara");
  await root.page.locator("#admin-open").click();
  await root.page.locator('[aria-label="Role of Mara"]').fill("moderator");
  await until(
    root.page,
    `document.querySelector("#audit li")?.textContent.includes("Mara has another role (user to moderator)")`,
  );
  await user.page.reload();
  await until(user.page, `document.querySelector("#announce-open")?.hidden === false`);
  await root.page.locator('[aria-label="Disable Mara"]').click();
  await user.page.waitForSelector(LOGIN);
  await until(root.page, `document.querySelector("#audit li")?.textContent.includes("Mara was disabled")`);
});

test("a moderator speaks to everybody; others have no button for it", async () => {
  const [ada, bob] = [await browser.visitor(), await browser.visitor(PHONE)];
  await register(ada.page, "Jude");
  await register(bob.page, "Kim");
  expect(await ada.page.$eval("#announce-open", (one) => (one as unknown as { hidden: boolean }).hidden)).toBe(true);
  const store = await openStore({ dataDir });
  const user = await store.users.findByEmail(emailOf("Jude"));
  await store.users.changeRole(user!.id, "moderator");
  await store.close();
  await ada.page.reload();
  await online(ada.page);
  await ada.page.locator("#announce-open").click();
  await ada.page.locator("#announce-text").fill("The road closes at noon.");
  await ada.page.locator("#announce .primary").click();
  for (const { page } of [ada, bob]) {
    await until(
      page,
      `[...document.querySelectorAll(".announcement .text")].some((one) => one.textContent.includes("noon"))`,
    );
  }
});

test.each([PHONE, { width: 320, height: 568 }, { width: 768, height: 1024 }])(
  "nothing is wider than a screen of %j",
  async (view) => {
    const { page } = await browser.visitor(view);
    const fits = () => page.evaluate("document.documentElement.scrollWidth <= innerWidth");
    await page.goto(`${origin}/`);
    await page.waitForSelector(LOGIN);
    expect(await fits()).toBe(true);
    await register(page, `Wide${view.width}`);
    await say(page, `word${"w".repeat(300)}`);
    await shows(page, `word${"w".repeat(300)}`);
    expect(await fits()).toBe(true);
    // the field to write in and its button are on the screen
    const bottom = await page.$eval("#composer", (one) => one.getBoundingClientRect().bottom);
    expect(bottom).toBeLessThanOrEqual(view.height);
  },
);
