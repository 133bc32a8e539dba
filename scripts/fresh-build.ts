export function setup(): void { /* below */ }
