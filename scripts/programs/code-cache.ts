/**
 * Keeps the compiled code of modules from one test file to the next. Jest loads all modules anew for each test file,
 * and V8 compiles them anew, because Jest hands over no code cache. Node.js loads this file before Jest (see jest.ts),
 * in Jest's worker processes too. The code is kept in memory only, so it is never older than the source.
 */
import vm from "node:vm";

declare module "node:vm" {
  interface SourceTextModule {
    /** https://nodejs.org/api/vm.html#sourcetextmodulecreatecacheddata */
    createCachedData(): Buffer;
  }
}

/** The code that V8 has compiled from a source text. It is valid for this text only, so the texts are compared. */
interface CompiledCode {
  readonly source: string;
  readonly data: Buffer;
}

const codeOfModules = new Map<string, CompiledCode>();

function cachedData(key: string, source: string): { readonly cachedData?: Buffer } {
  const code = codeOfModules.get(key);
  return code?.source === source ? { cachedData: code.data } : {};
}

const { compileFunction, SourceTextModule } = vm;

/** CommonJS modules. */
function compileFunctionOnce(...[source, params, options]: Parameters<typeof compileFunction>) {
  const key = `${options?.filename} ${params?.join()}`;
  const cached = cachedData(key, source);
  const compiled = compileFunction(source, params, { ...options, ...cached, produceCachedData: !cached.cachedData });
  if (compiled.cachedData) codeOfModules.set(key, { source, data: compiled.cachedData });
  else if (compiled.cachedDataRejected) codeOfModules.delete(key);
  return compiled;
}

/** ES modules. V8 rejects a cache after a test has changed its flags (`v8.setFlagsFromString`). */
const SourceTextModuleOnce = new Proxy(SourceTextModule, {
  construct(target, [source, options]: ConstructorParameters<typeof SourceTextModule>) {
    const key = String(options?.identifier);
    const cached = cachedData(key, source);
    if (cached.cachedData) {
      try {
        return new target(source, { ...options, ...cached });
      } catch (error) {
        // the error is made in the context of the tests, so it is no instance of the Error here
        if ((error as NodeJS.ErrnoException).code !== "ERR_VM_MODULE_CACHED_DATA_REJECTED") throw error;
      }
    }
    const module = new target(source, options);
    codeOfModules.set(key, { source, data: module.createCachedData() });
    return module;
  },
});

Object.assign(vm, { compileFunction: compileFunctionOnce, SourceTextModule: SourceTextModuleOnce });
