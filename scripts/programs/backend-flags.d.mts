export function backendFlags(cores?: number): string[];
export function missingFlags(flags: readonly string[], execArgv: readonly string[], nodeOptions?: string): string[];
export function startAnew(flags: readonly string[]): void;
