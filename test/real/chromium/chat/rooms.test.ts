import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { Page } from "puppeteer-core";
import { readConfig } from "../../../../backend/config.ts";
import { type Backend, startBackend } from "../../../../backend/main.ts";
import { freePort } from "../../../../scripts/local-site/free-port.ts";
import { NO_LIMITS } from "../../../backend/test-options.ts";
import { emailOf, fillRegistration, focus, PASSWORD, press, reads, register, until } from "../acts.ts";
import { barriers } from "../barriers.ts";
import { DESKTOP, PHONE, startBrowser, type TestBrowser, type Visitor } from "../browser.ts";
import { say, shows, texts } from "./chat-acts.ts";

let dataDir: string;
let origin: string;
let backend: Backend;
let browser: TestBrowser;
const visitors: Visitor[] = [];

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "causeway-rooms-"));
  const port = await freePort(4300);
  origin = `http://chat.causeway.localhost:${port}`;
  const env = { PORT: String(port), DATA_DIR: dataDir, ORIGINS: origin, LOG_LEVEL: "silent", DRAIN_SECONDS: "1" };
  backend = await startBackend(readConfig(env), { limits: NO_LIMITS });
  browser = await startBrowser();
});
afterEach(async () => {
  const complaints = visitors.splice(0).flatMap((visitor) => visitor.complaints);
  await browser.leave();
  expect(complaints).toEqual([]);
});
afterAll(async () => {
  await browser.close();
  await backend.stop();
  rmSync(dataDir, { recursive: true });
});

async function visitor(name: string, view = DESKTOP, scheme: "light" | "dark" = "light"): Promise<Page> {
  const one = await browser.visitor(view, scheme);
  visitors.push(one);
  await register(one.page, origin, name);
  return one.page;
}

/** Goes into a public room by its name. */
async function enter(page: Page, room: string): Promise<void> {
  await page.locator("#join-open").click();
  await page.locator("#join-room").fill(room);
  await page.locator("#join .primary").click();
  await reads(page, "#room-name", room);
}

const choose = (page: Page, room: string) => press(page, "#rooms", room);

/** Opens what can be done with a message. */
async function act(page: Page, message: string, action: string): Promise<void> {
  await shows(page, message);
  const find = `[...document.querySelectorAll(".message")].find((one) => one.querySelector(".text").textContent === ${JSON.stringify(message)})`;
  await until(page, `${find}?.querySelector(".more") !== null`);
  await page.evaluate(`${find}.querySelector(".more").click()`);
  await press(page, "#message-actions-choice", action);
}

/** Opens the dialog about who wrote a message. */
const about = (page: Page, name: string) => press(page, "#messages", name);

test("a private room: an invited user joins, is listed and writes; a user who declines does not", async () => {
  const [ada, bob, eve] = [await visitor("Ada"), await visitor("Bob", PHONE, "dark"), await visitor("Eve")];
  for (const [page, text] of [
    [bob, "Bob is here"],
    [eve, "Eve is here"],
  ] as const)
    await say(page, text);
  await ada.locator("#create-open").click();
  await ada.locator("#create-name").fill("Bridge builders");
  await ada.keyboard.press("Enter");
  await reads(ada, "#room-name", "Bridge builders");
  for (const [name, text] of [
    ["Bob", "Bob is here"],
    ["Eve", "Eve is here"],
  ] as const) {
    await choose(ada, "lobby");
    await shows(ada, text);
    await about(ada, name);
    await press(ada, "#person-actions", "Invite");
    await reads(ada, "#person-done", `${name} is invited.`);
    await press(ada, "#person", "Close");
  }
  await press(eve, "#rooms", "Bridge builders");
  await press(eve, "#invitation", "Decline");
  await until(eve, `document.querySelectorAll("#rooms li").length === 1`);
  await press(bob, "#rooms", "Bridge builders");
  await press(bob, "#invitation", "Go in");
  await reads(bob, "#room-name", "Bridge builders");
  await say(bob, "Which bridge?");
  await reads(ada, "#rooms .unread", "1");
  await choose(ada, "Bridge builders");
  await shows(ada, "Which bridge?");
  await ada.locator("#members-open").click();
  await reads(ada, "#member-list", "owner");
  await reads(ada, "#member-list .presence[data-state=online]", "online");
  expect(await ada.$$eval("#member-list li", (all) => all.length)).toBe(2);
});

test("two alone: presence, typing, what was seen, and the mark on another device", async () => {
  const [cora, dan] = [await visitor("Cora"), await visitor("Dan", PHONE)];
  await say(dan, "Anybody?");
  await shows(cora, "Anybody?");
  await about(cora, "Dan");
  await press(cora, "#person-actions", "Write to them alone");
  await reads(cora, "#room-name", "Dan");
  await reads(cora, "#room-presence", "online");
  await say(cora, "Just us");
  await reads(dan, "#rooms .unread", "1");
  expect(await cora.$eval("#seen-by", (one) => one.textContent)).toBe("");
  await choose(dan, "Cora");
  await shows(dan, "Just us");
  await reads(cora, "#seen-by", "Seen");
  await dan.focus("#text");
  await dan.keyboard.type("thinking");
  await reads(cora, "#typing", "Dan is writing");
  const other = await browser.visitor();
  visitors.push(other);
  await other.page.goto(`${origin}/`);
  await other.page.locator("#login-email").fill(emailOf("Dan"));
  await other.page.locator("#login-password").fill(PASSWORD);
  await other.page.keyboard.press("Enter");
  await reads(other.page, "#rooms", "Cora");
  // what was read on the phone is read here
  await until(other.page, `document.querySelectorAll("#rooms .unread").length === 0`);
  await dan.close();
  await other.page.close();
  await reads(cora, "#room-presence", "offline");
});

test("a message is edited and deleted; a user is mentioned by the keyboard alone, and sees it", async () => {
  const [fay, gus] = [await visitor("Fay"), await visitor("Gustav")];
  for (const page of [fay, gus]) await enter(page, "words");
  await say(gus, "Speling matters");
  await act(gus, "Speling matters", "Edit");
  await gus.locator("#edit-text").fill("Spelling matters");
  await press(gus, "#edit", "Save");
  await shows(fay, "Spelling matters");
  await reads(fay, ".message .who", "edited");
  await gus.locator("#text").fill("not for the lobby");
  await choose(gus, "lobby");
  const written = () => gus.$eval("#text", (one) => (one as unknown as { value: string }).value);
  expect(await written()).toBe("");
  await fay.focus("#text");
  await fay.keyboard.type("Right, @gus");
  await reads(fay, "#suggestions", "Gustav");
  await fay.keyboard.press("Enter");
  await fay.keyboard.type("!");
  await fay.keyboard.press("Enter");
  await shows(fay, "Right, @Gustav !");
  await reads(gus, "#rooms .mention", "@1");
  await choose(gus, "words");
  expect(await written()).toBe("not for the lobby");
  await reads(gus, ".message.mentioned .text", "Right, @Gustav !");
  await act(fay, "Right, @Gustav !", "Delete");
  await press(fay, "#delete", "Delete");
  await shows(gus, "This message was deleted.");
  await gus.reload();
  await choose(gus, "words");
  await shows(gus, "Spelling matters");
  expect(await texts(gus)).toEqual(["Spelling matters", "This message was deleted."]);
});

test("moderation: a muted user cannot write, a kicked user is out, a banned user cannot join until unbanned", async () => {
  const [hana, ivo] = [await visitor("Hana"), await visitor("Ivo", PHONE)];
  for (const page of [hana, ivo]) await enter(page, "harbour");
  await say(ivo, "Ahoy");
  await shows(hana, "Ahoy");
  await about(hana, "Ivo");
  await press(hana, "#person-actions", "Mute");
  await reads(hana, "#person-done", "Ivo is muted.");
  await say(ivo, "You cannot stop me");
  await until(ivo, `document.querySelector(".message[data-fate=failed]") !== null`);
  await press(ivo, "#messages", "Discard");
  await press(hana, "#person-actions", "Put out");
  await reads(hana, "#person-done", "out of the room");
  await reads(ivo, "#room-name", "lobby");
  await until(ivo, `document.querySelectorAll("#rooms li").length === 1`);
  await enter(ivo, "harbour");
  await press(hana, "#person-actions", "Ban");
  await reads(hana, "#person-done", "Ivo is banned.");
  await reads(ivo, "#room-name", "lobby");
  await ivo.locator("#join-open").click();
  await ivo.locator("#join-room").fill("harbour");
  await ivo.locator("#join .primary").click();
  await until(ivo, `document.querySelector("#join .problem").hidden === false`);
  await press(hana, "#person", "Close");
  await hana.locator("#members-open").click();
  await press(hana, "#banned", "Let in again");
  await until(hana, `document.querySelector("#banned").hidden`);
  await ivo.locator("#join .primary").click();
  await reads(ivo, "#room-name", "harbour");
});

test("a report reaches the moderators, who remove the message", async () => {
  const root = await browser.visitor();
  visitors.push(root);
  await root.page.goto(`${origin}${backend.setupPath}`);
  await fillRegistration(root.page, "Root");
  const [jude, kim] = [await visitor("Jude"), await visitor("Kim", PHONE)];
  await say(jude, "Something rude");
  await act(kim, "Something rude", "Report");
  await kim.locator("#report-reason").fill("It is rude");
  await press(kim, "#report", "Report");
  await until(kim, `!document.querySelector("#report").open`);
  expect(await kim.$eval("#reports-open", (one) => (one as unknown as { hidden: boolean }).hidden)).toBe(true);
  await root.page.locator("#reports-open").click();
  await reads(root.page, "#report-list", "It is rude");
  await press(root.page, "#report-list", "Remove it");
  await reads(root.page, "#reports-none", "Nothing waits");
  await shows(jude, "This message was deleted.");
});

test.each(["light", "dark"] as const)(
  "no barrier that axe-core knows, in the %s scheme: entrance, chat, dialogs",
  async (scheme) => {
    const one = await browser.visitor(PHONE, scheme);
    await one.page.goto(`${origin}/`);
    await one.page.waitForSelector("#login");
    expect(await barriers(one.page)).toEqual([]);
    const page = await visitor(scheme === "light" ? "Lea" : "Mo", DESKTOP, scheme);
    await say(page, "Hello");
    await until(page, `document.querySelector(".message[data-fate=sent] .more") !== null`);
    expect(await barriers(page)).toEqual([]);
    for (const opener of ["#join-open", "#create-open", "#members-open", "#account-open"]) {
      await page.locator(opener).click();
      expect([opener, await barriers(page)]).toEqual([opener, []]);
      await page.keyboard.press("Escape");
      // the focus goes back to where it was
      expect(`#${await focus(page)}`).toBe(opener);
    }
  },
);
