import type { Page } from "puppeteer-core";
import { until } from "../acts.ts";

/** What users do in the chat, and what tests wait for in it. */

/** The texts of the messages on the screen. */
export const texts = (page: Page) => page.$$eval(".message .text", (all) => all.map((one) => one.textContent));

export async function say(page: Page, text: string): Promise<void> {
  await page.locator("#text").fill(text);
  await page.focus("#text");
  await page.keyboard.press("Enter");
}

export const shows = (page: Page, text: string) =>
  until(
    page,
    `[...document.querySelectorAll(".message .text")].some((one) => one.textContent === ${JSON.stringify(text)})`,
  );
