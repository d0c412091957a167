// How the board looks: one sheet, light and dark by the reader's own choice, readable on a phone and on paper.

export const boardStyle = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#f4f5f2, #14171a);
  --card: light-dark(#ffffff, #1c2024);
  --line: light-dark(#dfe2dc, #30363c);
  --ink: light-dark(#1b1f1d, #e9ecea);
  --soft: light-dark(#59615c, #a3aca7);
  --track: light-dark(#e6e9e3, #2a3036);
  --good: light-dark(#14703f, #5fcf93);
  --warn: light-dark(#8a5a00, #e8b54a);
  --bad: light-dark(#b3261e, #ff8f85);
  --none: light-dark(#5a6470, #a5b0bc);
}
*, *::before { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
header { margin-bottom: 2rem; }
h1 { font-size: 1rem; font-weight: 600; letter-spacing: .01em; margin: 0 0 .25rem; color: var(--soft); }
.headline { font-size: clamp(1.6rem, 4vw, 2.4rem); line-height: 1.2; font-weight: 650; letter-spacing: -.02em; margin: 0; text-wrap: balance; }
.when { color: var(--soft); margin: .5rem 0 0; font-size: .9rem; }
.sum { display: flex; height: .6rem; border-radius: .3rem; overflow: hidden; margin-top: 1.25rem; background: var(--track); gap: 2px; }
.sum span { flex: 1; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .9rem; padding: 1.5rem; margin-top: 1.25rem; }
.head { display: flex; align-items: center; gap: 1.1rem; margin-bottom: 1rem; }
.head h2 { font-size: 1.3rem; line-height: 1.2; margin: 0; letter-spacing: -.01em; overflow-wrap: anywhere; }
.head p { margin: .15rem 0 0; color: var(--soft); font-size: .9rem; overflow-wrap: anywhere; }
.ring { flex: none; width: 4rem; height: 4rem; }
.ring text { font-size: 11px; font-weight: 650; fill: var(--ink); }
h3 { font-size: .85rem; font-weight: 600; color: var(--soft); margin: 1.5rem 0 .25rem; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; font-size: .8rem; color: var(--soft); padding: .35rem .6rem .35rem 0; }
td { border-top: 1px solid var(--line); padding: .6rem .6rem .6rem 0; vertical-align: top; }
td:last-child, th:last-child { padding-right: 0; }
.state { font-weight: 600; white-space: nowrap; }
.state::before { content: ""; display: inline-block; width: .55em; height: .55em; border-radius: 50%; background: currentColor; margin-right: .5em; vertical-align: .05em; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); } .none { color: var(--none); }
.state.none::before { background: none; border: 2px solid currentColor; }
.name { overflow-wrap: anywhere; }
.name small, .found small { display: block; color: var(--soft); font-size: .85rem; }
th:nth-child(1) { width: 10.5rem; } th:nth-child(3) { width: 17rem; } th:nth-child(4) { width: 7.5rem; }
.name b { font-weight: 600; } .found { overflow-wrap: anywhere; }
.meter { display: block; width: 100%; max-width: 12rem; height: .35rem; border-radius: .2rem; background: var(--track); margin: .35rem 0; overflow: hidden; }
.meter i { display: block; height: 100%; background: currentColor; border-radius: .2rem; }
.past { width: 7.5rem; } .past svg { display: block; width: 7.5rem; height: 1.25rem; }
details { margin-top: 1rem; } summary { cursor: pointer; color: var(--soft); font-size: .9rem; }
summary:focus-visible { outline: 2px solid var(--none); outline-offset: 3px; border-radius: .2rem; }
ul { margin: .5rem 0 0; padding: 0; list-style: none; } li { padding: .4rem 0; border-top: 1px solid var(--line); }
li small { display: block; color: var(--soft); }
footer { color: var(--soft); font-size: .85rem; margin-top: 1.5rem; max-width: 46rem; }
@media (max-width: 46rem) {
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  tr { display: grid; grid-template: "state past" auto "name name" auto "found found" auto / 1fr auto; gap: .25rem 1rem; border-top: 1px solid var(--line); padding: .8rem 0; }
  td { border: 0; padding: 0; } .state { grid-area: state; } .name { grid-area: name; } .found { grid-area: found; } .past { grid-area: past; }
  section { padding: 1.1rem; }
}
@media print { body { background: none; } section { break-inside: avoid; } details { display: none; } }
`.trim();
