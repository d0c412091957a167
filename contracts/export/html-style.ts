// Style of a contract's page: light and dark, no font or image from elsewhere, tables that scroll on a narrow screen.

export const pageStyle = `
:root { color-scheme: light dark; --ink: #1d2327; --soft: #5b6670; --line: #d9dfe4; --back: #fff; --panel: #f5f7f9; --key: #0b6e4f; --pii: #a63a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaed; --soft: #9aa6b0; --line: #353d44; --back: #14181b; --panel: #1c2226; --key: #5fd0a5; --pii: #ff9d66; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 3rem; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1, h2, .mark, .tag { overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .25rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
.version { font-weight: 400; color: var(--soft); }
.state { font-size: .8rem; font-weight: 600; vertical-align: middle; border: 1px solid var(--line); border-radius: 1rem; padding: .1rem .6rem; }
.state.active { color: var(--key); border-color: currentColor; }
.about { margin: .25rem 0 1rem; max-width: 46rem; overflow-wrap: anywhere; }
dl { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: .75rem 0; }
dt { color: var(--soft); font-size: .8rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem; border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { background: var(--panel); font-size: .8rem; color: var(--soft); white-space: nowrap; }
tbody th { font-weight: 400; }
td, tbody th { overflow-wrap: anywhere; min-width: 9rem; }
td:last-child { min-width: 12rem; }
code { font: .875em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
.physical { color: var(--soft); }
.mark { display: inline-block; font-size: .75rem; color: var(--soft); border: 1px solid var(--line); border-radius: .3rem; padding: 0 .35rem; margin-top: .25rem; }
.mark.key { color: var(--key); border-color: currentColor; }
.mark.pii { color: var(--pii); border-color: currentColor; }
.tag { background: var(--panel); border-radius: .3rem; padding: 0 .4rem; font-size: .85rem; }
details { margin-top: 1rem; }
pre { overflow: auto; max-height: 40rem; padding: 1rem; background: var(--panel); border-radius: .5rem; font: .8rem/1.45 ui-monospace, monospace; }
footer { margin-top: 3rem; color: var(--soft); font-size: .8rem; }
`;
