import { type Browser, launch, type Page } from "puppeteer-core";

export interface Visitor {
  readonly page: Page;
  /** What the page complained about: script errors, refused resources, violations of its Content-Security-Policy. */
  readonly complaints: string[];
}

/** A headless Chromium; every visitor has cookies and storage of their own. */
export interface TestBrowser {
  visitor(view?: { width: number; height: number }, scheme?: "light" | "dark"): Promise<Visitor>;
  close(): Promise<void>;
}

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 800 };

export async function startBrowser(): Promise<TestBrowser> {
  const executablePath = process.env.CHROMIUM_BIN;
  if (executablePath === undefined) throw new Error("CHROMIUM_BIN names no Chromium; run `npm run test:real`");
  const browser: Browser = await launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  return {
    async visitor(view = DESKTOP, scheme = "light") {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.setDefaultTimeout(10_000);
      await page.setViewport(view);
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      return { page, complaints };
    },
    close: () => browser.close(),
  };
}
