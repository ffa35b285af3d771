import { CommandError, messageOf } from "../command-line/index.ts";
import type { RunningBackend } from "../local-site/local-site.ts";
import { BackendChild, type ChildOptions } from "./backend-child.ts";
import type { StartedBackend } from "./backend-messages.ts";
import { GatewayPort } from "./gateway-port.ts";
import { openPageVersions, type PageVersions } from "./page-versions.ts";

/** How a backend that can be restarted is started. */
export interface RestartingOptions extends Omit<ChildOptions, "pageVersionsUrl"> {
  /** Port at which the connector finds it. */
  readonly gatewayPort: number;
  /** Port at which pages hear of another version. */
  readonly versionsPort: number;
  /** Origin of the pages. */
  readonly origin: string;
  /** Called when its process ended by itself, with its exit code or signal. */
  onCrash(code: string): void;
}

/** What an update did. */
export interface Updated {
  /** Whether open pages reload, because files of the page differ. */
  readonly isPageNew: boolean;
}

/**
 * The backend as a process of its own, which is exchanged for one with the program that is on the disk. The one before
 * serves until the next one is loaded, and goes on where the next one does not start.
 */
export class RestartingBackend implements RunningBackend {
  readonly url: string;
  readonly setupPath: string | undefined;
  readonly outbox: string | undefined;
  readonly failed: Promise<Error>;
  readonly #options: RestartingOptions;
  readonly #port: GatewayPort;
  readonly #versions: PageVersions;
  readonly #fail: (error: Error) => void;
  #child: BackendChild;
  #isExchanging = false;

  private constructor(
    options: RestartingOptions,
    parts: { readonly port: GatewayPort; readonly versions: PageVersions },
    child: BackendChild,
    { setupPath, outbox }: StartedBackend,
  ) {
    const failed = Promise.withResolvers<Error>();
    this.#options = options;
    this.#port = parts.port;
    this.#versions = parts.versions;
    this.#child = child;
    this.url = parts.port.url;
    this.setupPath = setupPath;
    this.outbox = outbox;
    this.failed = failed.promise;
    this.#fail = failed.resolve;
  }

  /** @throws CommandError where the program cannot be loaded or started */
  static async start(options: RestartingOptions): Promise<RestartingBackend> {
    const { gatewayPort, versionsPort, origin } = options;
    const running = new AsyncDisposableStack();
    try {
      const port = await GatewayPort.open(gatewayPort);
      running.defer(() => port.close());
      const versions = await openPageVersions(versionsPort, origin);
      running.defer(() => versions.close());
      const child = await BackendChild.load({ ...options, pageVersionsUrl: versions.url });
      running.defer(() => child.end());
      const started = await child.start();
      const backend = new RestartingBackend(options, { port, versions }, child, started);
      backend.#serve(child, started);
      running.move();
      return backend;
    } catch (error) {
      await running.disposeAsync();
      throw error;
    }
  }

  /**
   * Loads the program as it is on the disk, and lets it serve instead of the one before. Clients are told to reconnect;
   * pages reload where their files differ. Not called again before it is done.
   *
   * @throws CommandError that says what is wrong with the program; the one before runs on then, where it ran
   */
  async restart(): Promise<Updated> {
    const before = this.#child;
    const next = await BackendChild.load({ ...this.#options, pageVersionsUrl: this.#versions.url });
    this.#isExchanging = true;
    try {
      this.#port.hold();
      if (before.isAlive) await before.stop();
      this.#serve(next, await next.start());
      this.#child = next;
      void before.end();
      return { isPageNew: next.pageVersion !== before.pageVersion };
    } catch (error) {
      await next.end();
      await this.#goOn(before);
      throw error;
    } finally {
      this.#isExchanging = false;
    }
  }

  /** Whether a backend runs, whose page alone can be built. */
  get isRunning(): boolean {
    return this.#child.isAlive;
  }

  /**
   * Builds the page as it is on the disk, and serves it. Open pages reload where it differs; nothing else changes.
   *
   * @throws CommandError that says what is wrong with the page; the one before is served then
   */
  async buildPage(): Promise<Updated> {
    const child = this.#child;
    const before = child.pageVersion;
    await child.buildPage();
    this.#versions.announce(child.pageVersion);
    return { isPageNew: child.pageVersion !== before };
  }

  async stop(): Promise<void> {
    this.#isExchanging = true;
    await this.#child.end();
    await this.#versions.close();
    await this.#port.close();
  }

  #serve(child: BackendChild, { url }: StartedBackend): void {
    this.#port.passTo(Number(new URL(url).port));
    this.#versions.announce(child.pageVersion);
    void child.failed.then((message) => child === this.#child && this.#fail(new CommandError(message)));
    void child.ended.then((code) => {
      if (child !== this.#child || this.#isExchanging) return;
      this.#port.refuse();
      this.#options.onCrash(code);
    });
  }

  /** Lets the version before serve again. */
  async #goOn(before: BackendChild): Promise<void> {
    try {
      this.#serve(before, await before.start());
    } catch (error) {
      this.#port.refuse();
      this.#options.output(`The version before does not run any more: ${messageOf(error)}`);
    }
  }
}
