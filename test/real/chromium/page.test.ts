import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { Page } from "puppeteer-core";
import { emailOf, focus, online, PASSWORD, reads, register as registerAt, until } from "./acts.ts";
import { PHONE, type TestBrowser } from "./browser.ts";
import { type PageSite, startPageSite } from "./page-site.ts";

/**
 * The form to sign in, where it is visible: while a user is signed in, it is not hidden, but the entrance around it is.
 */
const LOGIN = "#entrance:not([hidden]) #login:not([hidden])";
/** What has the focus after signing in: the screen of a part, or the page's own. */
const SCREENS = ["text", "home-account"];
let site: PageSite;
let browser: TestBrowser;
beforeAll(async () => {
  site = await startPageSite(4200);
  browser = site.browser;
});
afterEach(() => browser.leave());
afterAll(() => site.stop());

const register = (page: Page, name: string, at = site.origin) => registerAt(page, at, name);

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

test.each(["127.0.0.1", "localhost"])("the page at http://%s works, a reload included", async (host) => {
  const { page } = await browser.visitor();
  await register(page, host === "localhost" ? "Lou" : "Max", `http://${host}:${site.port}`);
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

test("the page shows what is wrong at the field, which gets the focus", async () => {
  const { page } = await browser.visitor(PHONE);
  await page.goto(`${site.origin}/`);
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

test("after too many attempts the page counts down, also where the edge limits them; a block at the edge is a sentence", async () => {
  const { page } = await browser.visitor();
  await page.goto(`${site.origin}/`);
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

/** The link in the newest mail to this user. */
function linkFor(name: string): string | undefined {
  const folder = join(site.folder, "outbox");
  const mails = readdirSync(folder)
    .sort()
    .map((file) => readFileSync(join(folder, file), "utf8"));
  const mail = mails.findLast((one) => one.includes(`To: <${emailOf(name)}>`));
  return mail?.split("\n").find((line) => line.startsWith(`${site.origin}/#`));
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
  await here.page.goto(`${site.origin}/`);
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
  expect(SCREENS).toContain(await focus(page));
  await page.locator("#note-close").click();
  await page.waitForSelector("#note[hidden]");
  expect(SCREENS).toContain(await focus(page));
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
  await there.page.goto(`${site.origin}/`);
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
  await root.page.goto(`${site.origin}${site.backend.setupPath}`);
  await root.page.waitForSelector("#setup-note:not([hidden])");
  expect(await root.page.evaluate("location.href")).toBe(`${site.origin}/`);
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
  await root.page.locator('[aria-label="Disable Mara"]').click();
  await user.page.waitForSelector(LOGIN);
  await until(root.page, `document.querySelector("#audit li")?.textContent.includes("Mara was disabled")`);
});

test.each([PHONE, { width: 320, height: 568 }, { width: 768, height: 1024 }])(
  "the form to sign in is not wider than a screen of %j",
  async (view) => {
    const { page } = await browser.visitor(view);
    await page.goto(`${site.origin}/`);
    await page.waitForSelector(LOGIN);
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  },
);
