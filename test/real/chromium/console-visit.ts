import type { Page } from "puppeteer-core";
import type { OpenConsole } from "../../infra/local/console/open-console.ts";
import { DESKTOP, type TestBrowser, type Visitor } from "./browser.ts";

/** Opens the console in the browser, with its cookie. */
export async function visitConsole(
  browser: TestBrowser,
  { origin, cookie }: Pick<OpenConsole, "origin" | "cookie">,
  view = DESKTOP,
  scheme: "light" | "dark" = "light",
): Promise<Visitor> {
  const visitor = await browser.visitor(view, scheme);
  const [name = "", value = ""] = cookie.split("=");
  await visitor.page.browserContext().setCookie({ name, value, domain: "127.0.0.1" });
  await visitor.page.goto(origin);
  return visitor;
}

/** Resolves when the page shows a text. */
export const seen = (page: Page, text: string) => page.locator(`::-p-text(${text})`).wait();
