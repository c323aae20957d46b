/** The report's style: light, dark and print. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#fff, #14171a); --text: light-dark(#1b1f23, #e8eaed); --soft: light-dark(#565d66, #a9b1ba);
  --line: light-dark(#c9ced5, #3b424a); --served: light-dark(#2f6fde, #7aa8f5); --failed: light-dark(#b3261e, #ff8a80);
  --good: light-dark(#17692f, #7cd992); --exclusive: light-dark(#9a4f00, #ffb871); --shared: light-dark(#8a94a0, #77818c);
}
body { max-width: 64rem; margin: 0 auto; padding: 1rem; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; }
h2 { margin-bottom: .25rem; font-size: 1.1rem; }
section { break-inside: avoid; }
svg { display: block; width: 100%; height: auto; }
svg .served { fill: var(--served); }
svg .failed { fill: var(--failed); }
svg .exclusive { fill: var(--exclusive); }
svg .shared { fill: var(--shared); }
svg .axis, svg .step { stroke: var(--line); }
svg .label { fill: var(--soft); font: 11px system-ui, sans-serif; }
.key { display: inline-block; width: .8em; height: .8em; }
.key.served { background: var(--served); }
.key.failed { background: var(--failed); }
.key.exclusive { background: var(--exclusive); }
.key.shared { background: var(--shared); }
.good { color: var(--good); }
.bad { color: var(--failed); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid var(--line); text-align: right; }
th[scope=row] { text-align: left; font-weight: 400; }
@media print { :root { color-scheme: light; } body { max-width: none; print-color-adjust: exact; } }
`;
