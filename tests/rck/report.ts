// JUnit's XML report of a run of the kit, as far as it is needed: each test, and how it ended.

export interface KitResult {
  /** `RESTCompatibilityKitCatalogTests.testRenameTable`: class and method, a repeated test's number behind. */
  readonly test: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** First line of what was said; empty for what passed. */
  readonly message: string;
}

export function readReport(xml: string): readonly KitResult[] {
  // What a test printed may look like anything.
  const told = xml.replaceAll(/<system-(out|err)>[\s\S]*?<\/system-\1>/g, '');
  const cases = told.matchAll(/<testcase name="([^"]*)" classname="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g);
  return [...cases].map(([, name = '', className = '', body = '']) => {
    const test = `${className.split('.').at(-1) ?? ''}.${unescape(name).replace(/\(.*?\)/, '')}`;
    const failure = /<(?:failure|error)\b(?: message="([^"]*)")?[^>]*>(?:<!\[CDATA\[([^\]]*))?/.exec(body);
    if (failure) return { test, state: 'failed', message: lines(failure[1] ?? failure[2]) };
    const skipped = /<skipped\b[^>]*>(?:<!\[CDATA\[([^\]]*))?/.exec(body);
    return skipped ? { test, state: 'skipped', message: lines(skipped[1]) } : { test, state: 'passed', message: '' };
  });
}

/** The first lines that say something, in one. */
function lines(text = ''): string {
  const said = unescape(text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return said.slice(0, 3).join(' ').slice(0, 240);
}

function unescape(text: string): string {
  const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replace(/&(?:#(x?)([\da-f]+)|(\w+));/gi, (whole, hex?: string, code?: string, name?: string) =>
    code === undefined ? (named[name ?? ''] ?? whole) : String.fromCodePoint(Number.parseInt(code, hex === '' ? 10 : 16)),
  );
}
