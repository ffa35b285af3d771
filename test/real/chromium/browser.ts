import { type Browser, type BrowserContext, launch, type Page } from "puppeteer-core";

export interface Visitor {
  readonly page: Page;
  /** What the page complained about: script errors, refused resources, violations of its Content-Security-Policy. */
  readonly complaints: string[];
}

/** A headless Chromium; every visitor has cookies and storage of their own. */
export interface TestBrowser {
  visitor(view?: { width: number; height: number }, scheme?: "light" | "dark"): Promise<Visitor>;
  /**
   * Closes the pages of all visitors so far: open ones go on drawing, reconnecting and taking their share of the
   * machine.
   */
  leave(): Promise<void>;
  close(): Promise<void>;
}

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 800 };
/** Milliseconds after which something that was waited for counts as hanging, on the slowest machine that shall pass. */
const PATIENCE = 60_000;

export async function startBrowser(): Promise<TestBrowser> {
  const executablePath = process.env.CHROMIUM_BIN;
  if (executablePath === undefined) throw new Error("CHROMIUM_BIN names no Chromium; run `npm run test:real`");
  const browser: Browser = await launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  const contexts: BrowserContext[] = [];
  return {
    async visitor(view = DESKTOP, scheme = "light") {
      const context = await browser.createBrowserContext();
      contexts.push(context);
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.setDefaultTimeout(PATIENCE);
      await page.setViewport(view);
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      return { page, complaints };
    },
    async leave() {
      await Promise.all(contexts.splice(0).map((context) => context.close()));
    },
    close: () => browser.close(),
  };
}
