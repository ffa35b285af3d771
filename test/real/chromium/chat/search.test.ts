import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { Page } from "puppeteer-core";
import { sidOf } from "../../../backend/sample-values.ts";
import { emailOf, focus, online, PASSWORD, reads, register, until } from "../acts.ts";
import { PHONE, type TestBrowser } from "../browser.ts";
import { type PageSite, startPageSite } from "../page-site.ts";
import { say, shows, texts } from "./chat-acts.ts";

let site: PageSite;
let browser: TestBrowser;
beforeAll(async () => {
  site = await startPageSite(4300);
  browser = site.browser;
});
afterEach(() => browser.leave());
afterAll(() => site.stop());

const results = (page: Page) => page.$$eval("#search-results .excerpt", (all) => all.map((one) => one.textContent));

async function searchFor(page: Page, query: string): Promise<void> {
  await page.locator("#search-open").click();
  expect(await focus(page)).toBe("search-text");
  await page.keyboard.type(query);
  await page.keyboard.press("Enter");
}

test("messages of a room are found, with author and time, and shown in the room; the keyboard is enough", async () => {
  const [ada, bob] = [await browser.visitor(), await browser.visitor(PHONE, "dark")];
  await register(ada.page, site.origin, "Ada");
  await register(bob.page, site.origin, "Bob");
  await say(ada.page, "Two boats left the harbour");
  await say(bob.page, "<b>boat</b> number three");
  await shows(ada.page, "<b>boat</b> number three");
  await searchFor(ada.page, "BOAT");
  await reads(ada.page, "#search-status", "2 messages");
  expect(await results(ada.page)).toEqual(["<b>boat</b> number three", "Two boats left the harbour"]);
  await reads(ada.page, "#search-results .who", "Bob");
  await ada.page.keyboard.press("ArrowDown");
  await ada.page.keyboard.press("ArrowDown");
  await ada.page.keyboard.press("Enter");
  await until(ada.page, `document.activeElement.matches(".message.found")`);
  expect(await ada.page.evaluate(`document.activeElement.querySelector(".text").textContent`)).toBe(
    "Two boats left the harbour",
  );
  await ada.page.focus("#search-text");
  await ada.page.keyboard.press("Escape");
  expect(await focus(ada.page)).toBe("search-open");
  expect(await ada.page.$eval("#search", (one) => one.checkVisibility())).toBe(false);

  await searchFor(bob.page, "!?");
  await reads(bob.page, "#search-problem", "Search for a word");
  await bob.page.locator("#search-text").fill("lighthouse");
  await bob.page.keyboard.press("Enter");
  await reads(bob.page, "#search-status", "Nothing found.");
  expect(await bob.page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  expect([ada.complaints, bob.complaints]).toEqual([[], []]);
});

test("a message that is not on the screen is shown among those around it; a button leads back to the newest ones", async () => {
  const { page } = await browser.visitor(PHONE);
  await register(page, site.origin, "Cora");
  const session = await fetch(`${site.origin.replace("chat.causeway.localhost", "127.0.0.1")}/api/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: emailOf("Cora"), password: PASSWORD }),
  }).then((response) => response.json() as Promise<{ user: { id: string }; accessToken: string }>);
  const user = { id: session.user.id, roles: ["user"] as const, sid: sidOf(session.accessToken) };
  const send = (n: number, text: string) =>
    site.backend.broker.call("chat.send", { room: "lobby", text, clientId: `c${n}` }, { meta: { user } });
  await send(0, "the needle");
  for (let n = 1; n <= 120; n += 1) await send(n, `hay ${n}`);
  await page.reload();
  await online(page);
  await shows(page, "hay 120");
  await searchFor(page, "needle");
  await reads(page, "#search-results", "the needle");
  // the search takes a part of the screen, and the newest message stays in view
  const place = (selector: string) => `document.querySelector("${selector}").getBoundingClientRect()`;
  await until(page, `${place(".log")}.bottom <= ${place(".below")}.top`);
  await page.locator("#search-results button").click();
  await until(page, `document.activeElement.matches(".message.found")`);
  expect((await texts(page)).slice(-2)).toEqual(["hay 23", "hay 24"]);
  await site.backend.broker.call(
    "chat.edit",
    { room: "lobby", seq: await seqOf("the needle"), text: "no pin" },
    { meta: { user } },
  );
  await shows(page, "no pin");
  await reads(page, "#newest", "Back to the newest messages");
  await page.locator("#newest").click();
  await shows(page, "hay 120");
  expect(await texts(page)).not.toContain("no pin");

  async function seqOf(text: string): Promise<number> {
    const found = await site.backend.broker.call<{ messages: { seq: number; text: string }[] }, object>(
      "chat.search",
      { room: "lobby", query: text },
      { meta: { user } },
    );
    return found.messages[0]?.seq ?? 0;
  }
});
